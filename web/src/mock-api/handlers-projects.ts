import { delay, HttpResponse } from 'msw'
import type { Schemas } from '@/api/client'
import { ago, plan, problem, project } from './examples'
import { TEMPLATES } from './handlers-templates'
import { http, NOT_FOUND } from './typed-http'
import type { World } from './world'

export function projectHandlers(world: World) {
  const find = (key: string) => world.projects.find((one) => one.slug === key || one.id === key)
  return [
    http.get('/api/v1/projects', ({ query, response }) => {
      const start = Number(query.get('cursor') ?? 0)
      const limit = Number(query.get('limit') ?? 50)
      const items = world.projects.slice(start, start + limit)
      const more = start + limit < world.projects.length
      return response(200).json({ items, next_cursor: more ? String(start + limit) : null })
    }),
    http.get('/api/v1/projects/{project}', ({ params, response }) => {
      const found = find(params.project)
      return found ? response(200).json(found) : response('default').json(...NOT_FOUND)
    }),
    http.post('/api/v1/projects', async ({ request, response }) => {
      const body = await request.json()
      const template = TEMPLATES.find((one) => one.name === body.template)
      const name = body.name ?? template?.title ?? 'site'
      const slug = name.toLowerCase().replace(/[^a-z0-9]+/g, '-')
      if (find(slug)) {
        return response.untyped(
          HttpResponse.json(
            problem({ status: 409, code: 'slug_taken', title: 'Something else stands in the way' }),
            {
              status: 409,
            },
          ),
        )
      }
      const settings = Object.fromEntries(Object.entries(body).filter(([, value]) => value !== null))
      const made = project({
        ...settings,
        ...(template && { source: 'template' as const, repo_url: null }),
        slug,
        name,
        branch: body.branch ?? null,
      })
      world.projects = [made, ...world.projects]
      return response(201).json({ ...made, webhook: webhook(made) })
    }),
    http.patch('/api/v1/projects/{project}', async ({ params, request, response }) => {
      const found = find(params.project)
      if (!found) return response('default').json(...NOT_FOUND)
      const changed = {
        ...found,
        ...(await request.json()),
        updated_at: new Date().toISOString(),
      } as Schemas['Project']
      world.projects = world.projects.map((one) => (one.id === found.id ? changed : one))
      return response(200).json(changed)
    }),
    http.delete('/api/v1/projects/{project}', ({ params, response }) => {
      world.projects = world.projects.filter((one) => one.slug !== params.project)
      return response(204).empty()
    }),
    http.post('/api/v1/detect', async ({ request, response }) => {
      const { repo_url: address } = await request.json()
      const repo_url = address ?? 'https://github.com/acme/shop'
      await delay(900)
      if (repo_url.includes('private')) {
        return response.untyped(
          HttpResponse.json(
            problem({
              status: 422,
              code: 'repository_unreadable',
              title: 'The repository could not be read',
              detail: 'the host asks for a user name and password',
              hint: 'check the address; for a private repository put a token into it',
            }),
            { status: 422 },
          ),
        )
      }
      return response(200).json(detection(repo_url))
    }),
    http.get('/api/v1/projects/{project}/instances', ({ params, response }) => {
      const live = find(params.project)?.live_deployment
      const items = live?.plan?.kind === 'server' ? [instance(live)] : []
      return response(200).json({ items, next_cursor: null })
    }),
    http.get('/api/v1/projects/{project}/webhook', ({ params, response }) => {
      const found = find(params.project)
      return found ? response(200).json(webhook(found)) : response('default').json(...NOT_FOUND)
    }),
    http.post('/api/v1/projects/{project}/webhook/rotate', ({ params, response }) => {
      const found = find(params.project)
      return found ? response(200).json(webhook(found)) : response('default').json(...NOT_FOUND)
    }),
  ]
}

function instance(live: Schemas['Deployment']): Schemas['Instance'] {
  return {
    id: 'ins_1',
    deployment_id: live.id,
    deployment_number: live.number,
    live: true,
    state: 'healthy',
    runtime: 'process',
    restarts: 1,
    last_exit: 'it was stopped by signal 9 (out of memory)',
    created_at: ago(190),
    updated_at: ago(20),
  }
}

function webhook({ id }: Schemas['Project']): Schemas['Webhook'] {
  return { url: `http://localhost:3000/api/v1/webhooks/${id}`, secret: 'q8yPz0V1mKc7Jr3TbW5xN2hD' }
}

function detection(repoUrl: string): Schemas['Detection'] {
  const candidates = repoUrl.includes('mono')
    ? [
        plan({ name: 'web', root_dir: 'apps/web' }),
        plan({ name: 'docs', root_dir: 'apps/docs', framework: 'astro', confidence: 'medium' }),
      ]
    : repoUrl.includes('empty')
      ? []
      : [plan()]
  const explanation = {
    code: 'nothing_recognised',
    title: 'Nothing was recognised in this repository',
    detail: 'no package.json, requirements.txt, go.mod, Dockerfile or index.html was found',
    hint: 'set the folder if the app is not at the root, or give the commands yourself',
  }
  return {
    candidates,
    branches: ['main', 'next', 'fix/basket'],
    default_branch: 'main',
    commit_sha: '4f2c1aa98d7be01c2f7d1e0b6a5c4d3e2f1a0b9c',
    explanation: candidates.length === 0 ? explanation : null,
  }
}
