// Custom domains: one in every status, and DNS that has the records of whatever begins with "www." as soon as it is looked at.

import type { Schemas } from '@/api/client'
import { ago } from './examples'
import { http, NOT_FOUND } from './typed-http'
import type { World } from './world'

type Domain = Schemas['Domain']

const TARGET = 'shop.apps.example.com'

/** As the API sends it: added just now, and not looked at yet. */
export function exampleDomain(hostname: string, change: Partial<Domain> = {}): Domain {
  return {
    id: `dom_${hostname}`,
    hostname,
    status: 'unverified',
    verified: (change.status ?? 'unverified') !== 'unverified',
    verified_at: null,
    url: `https://${hostname}`,
    proof: {
      type: 'TXT',
      name: `_aether-challenge.${hostname}`,
      value: 'aether-verification=Zk3V9c1yR0uWq7n2',
    },
    pointing: [],
    problem: null,
    stops_at: null,
    checked_at: null,
    next_check_at: ago(0),
    created_at: ago(0),
    ...change,
  }
}

function proofMissing(hostname: string): Schemas['UserError'] {
  return {
    code: 'domain_proof_missing',
    title: "The TXT record isn't there yet",
    detail: `DNS has no TXT record at _aether-challenge.${hostname}.`,
    hint: 'Add the record at your DNS provider. New records are usually visible within minutes. Some providers append the domain by themselves: enter only the part before it then.',
  }
}

const ELSEWHERE: Schemas['UserError'] = {
  code: 'domain_address_elsewhere',
  title: 'The domain leads somewhere else',
  detail: 'old.shop.example has 198.51.100.20; this instance has 203.0.113.7.',
  hint: 'Change its record to point here. Behind a CDN or a load balancer this is as it should be.',
}

/** Of an instance that only its own machine knows. */
export function exampleDomains(): Domain[] {
  return [
    exampleDomain('www.shop.example', {
      problem: proofMissing('www.shop.example'),
      checked_at: ago(0.1),
      created_at: ago(12),
    }),
    exampleDomain('shop.example', {
      status: 'active',
      verified_at: ago(7000),
      checked_at: ago(20),
      created_at: ago(7100),
    }),
  ]
}

/** One in every status, of an instance with a public address. */
export function everyDomain(): Domain[] {
  const alias = (name: string) => [{ type: 'CNAME', name, value: TARGET }]
  const [www, root] = exampleDomains() as [Domain, Domain]
  return [
    { ...www, pointing: alias(www.hostname) },
    exampleDomain('old.shop.example', {
      status: 'misdirected',
      verified_at: ago(3000),
      pointing: alias('old.shop.example'),
      problem: ELSEWHERE,
      checked_at: ago(4),
      created_at: ago(3100),
    }),
    exampleDomain('mail.shop.example', {
      status: 'expiring',
      verified_at: ago(9000),
      pointing: alias('mail.shop.example'),
      problem: proofMissing('mail.shop.example'),
      stops_at: ago(190 - 24 * 60),
      checked_at: ago(10),
      created_at: ago(9100),
    }),
    {
      ...root,
      pointing: [
        { type: 'A', name: root.hostname, value: '203.0.113.7' },
        { type: 'AAAA', name: root.hostname, value: '2001:db8::7' },
      ],
    },
  ]
}

function look(domain: Domain): Domain {
  const looked = { ...domain, checked_at: ago(0), next_check_at: ago(-1) }
  if (domain.status !== 'unverified') return looked
  if (!domain.hostname.startsWith('www.')) return { ...looked, problem: proofMissing(domain.hostname) }
  return { ...looked, status: 'active', verified: true, verified_at: ago(0), problem: null }
}

export function domainHandlers(world: World) {
  const domains = (project: string) => world.domains.get(project) ?? []
  return [
    http.get('/api/v1/projects/{project}/domains', ({ params, response }) =>
      response(200).json({ items: domains(params.project), next_cursor: null }),
    ),
    http.post('/api/v1/projects/{project}/domains', async ({ params, request, response }) => {
      const { hostname } = await request.json()
      const { apps_domain } = world.system
      const alias = { type: 'CNAME', name: hostname, value: `${params.project}.${apps_domain}` }
      const domain = exampleDomain(hostname, { pointing: apps_domain.endsWith('.localhost') ? [] : [alias] })
      world.domains.set(params.project, [domain, ...domains(params.project)])
      return response(201).json(domain)
    }),
    http.post('/api/v1/projects/{project}/domains/{hostname}/check', ({ params, response }) => {
      const asked = domains(params.project).find((one) => one.hostname === params.hostname)
      if (!asked) return response('default').json(...NOT_FOUND)
      const askedAt = ago(0)
      world.domains.set(
        params.project,
        domains(params.project).map((one) => (one === asked ? look(one) : one)),
      )
      return response(202).json({ ...asked, next_check_at: askedAt })
    }),
    http.delete('/api/v1/projects/{project}/domains/{hostname}', ({ params, response }) => {
      const left = domains(params.project).filter((one) => one.hostname !== params.hostname)
      world.domains.set(params.project, left)
      return response(204).empty()
    }),
  ]
}
