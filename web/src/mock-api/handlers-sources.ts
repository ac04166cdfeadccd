// Where code comes from and goes to: environments, the deploy key, the connection to the Git host.

import type { Schemas } from '@/api/client'
import { ago, deployment } from './examples'
import { http, NOT_FOUND } from './typed-http'
import type { World } from './world'

const PUBLIC_KEY = 'ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIJ6s0Xo2hT2m1v0PqzQ2nE0mRr5Yb3Uu6aJ4kXw8VdLc aether'

export function sourceHandlers(world: World) {
  return [
    http.get('/api/v1/projects/{project}/environments', ({ params, response }) =>
      response(200).json({ items: environments(world, params.project), next_cursor: null }),
    ),
    http.delete('/api/v1/projects/{project}/environments/{id}', ({ params, response }) => {
      const left = environments(world, params.project).filter((one) => one.id !== params.id)
      world.environments.set(params.project, left)
      return response(204).empty()
    }),
    http.post(
      '/api/v1/projects/{project}/environments/{id}/approve',
      async ({ params, request, response }) => {
        const found = environments(world, params.project).find((one) => one.id === params.id)
        const { head } = await request.json()
        if (!found) return response('default').json(...NOT_FOUND)
        const made = deployment({
          project_slug: params.project,
          number: 40,
          status: 'QUEUED',
          environment: found.name,
          ref: head,
          steps: [],
        })
        found.waiting_for_approval = false
        world.deployments = [made, ...world.deployments]
        return response(202).json(made)
      },
    ),
    http.get('/api/v1/projects/{project}/deploy-key', ({ params, response }) => {
      const key = world.deployKeys.get(params.project)
      return key ? response(200).json(key) : response('default').json(...NOT_FOUND)
    }),
    http.post('/api/v1/projects/{project}/deploy-key', ({ params, response }) => {
      const key = { public_key: PUBLIC_KEY, host_key: null, host_key_learned_at: null, created_at: ago(0) }
      world.deployKeys.set(params.project, key)
      return response(201).json(key)
    }),
    http.delete('/api/v1/projects/{project}/deploy-key/host-key', ({ params, response }) => {
      const key = world.deployKeys.get(params.project)
      if (key) world.deployKeys.set(params.project, { ...key, host_key: null, host_key_learned_at: null })
      return response(204).empty()
    }),
    http.get('/api/v1/projects/{project}/provider', ({ params, response }) => {
      const provider = world.providers.get(params.project)
      return provider ? response(200).json(provider) : response('default').json(...NOT_FOUND)
    }),
    http.put('/api/v1/projects/{project}/provider', async ({ params, request, response }) => {
      const { forge, api_url } = await request.json()
      const provider = { forge, api_url: api_url ?? 'https://api.github.com', last_error: null }
      world.providers.set(params.project, provider)
      return response(200).json(provider)
    }),
    http.delete('/api/v1/projects/{project}/provider', ({ params, response }) => {
      world.providers.delete(params.project)
      return response(204).empty()
    }),
  ]
}

/** Every project has production; only some have more. */
function environments(world: World, slug: string): Schemas['Environment'][] {
  const known = world.environments.get(slug)
  if (known) return known
  const project = world.projects.find((one) => one.slug === slug)
  const made = [production(slug, project?.live_deployment?.id ?? null)]
  world.environments.set(slug, made)
  return made
}

function production(slug: string, live: string | null): Schemas['Environment'] {
  return {
    id: `env_${slug}`,
    kind: 'production',
    name: 'production',
    url: `http://${slug}.aether.localhost:3005`,
    branch: null,
    pull_request: null,
    head: null,
    waiting_for_approval: false,
    live_deployment_id: live,
    created_at: ago(9000),
    updated_at: ago(30),
  }
}

function preview(id: number, change: Partial<Schemas['Environment']>): Schemas['Environment'] {
  return {
    ...production('shop', null),
    id: `env_${id}`,
    kind: 'preview',
    name: `pull-request:${id}`,
    url: `http://shop-pr-${id}.aether.localhost:3005`,
    ...change,
  }
}

export function exampleEnvironments(): Map<string, Schemas['Environment'][]> {
  const page = (id: number) => `https://github.com/acme/shop/pull/${id}`
  const items = [
    production('shop', 'dep_shop_12'),
    preview(58, {
      pull_request: { number: 58, title: 'Larger buttons on phones', url: page(58), from_fork: false },
      head: '7c1de09a4be2f13377aa0d4b1c25e6f0a9b8c7d6',
      live_deployment_id: 'dep_shop_10',
      updated_at: ago(400),
    }),
    preview(2, {
      name: 'branch:next',
      branch: 'next',
      url: 'http://shop-git-next.aether.localhost:3005',
      updated_at: ago(3000),
    }),
    preview(61, {
      pull_request: { number: 61, title: 'Translate the basket into Dutch', url: page(61), from_fork: true },
      head: 'e94b7c02d15f8a36b0c7d8e9f1a2b3c4d5e6f708',
      waiting_for_approval: true,
      updated_at: ago(8),
    }),
  ]
  return new Map([['shop', items]])
}

export function exampleDeployKeys(): Map<string, Schemas['DeployKey']> {
  const key = {
    public_key: PUBLIC_KEY,
    host_key: 'ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIOMqqnkVzrm0SdG6UOoqKLsabgH5C9okWi0dh2l9GKJl',
    host_key_learned_at: ago(8000),
    created_at: ago(8100),
  }
  return new Map([['shop', key]])
}

export function exampleProviders(): Map<string, Schemas['Provider']> {
  const one = { forge: 'github', api_url: 'https://api.github.com' }
  return new Map([
    ['shop', { ...one, last_error: null }],
    ['landing', { ...one, last_error: 'GitHub refused the token (401); it may have expired' }],
  ])
}
