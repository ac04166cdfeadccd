import type { Schemas } from '@/api/client'
import { ago } from './examples'
import { http } from './typed-http'
import type { World } from './world'

export function settingsHandlers(world: World) {
  const env = (project: string) => world.env.get(project) ?? []
  const put = (project: string, input: Schemas['EnvVarInput']): Schemas['EnvVar'] => {
    const target = input.target ?? 'all'
    const isSame = (one: Schemas['EnvVar']) => one.name === input.name && one.target === target
    const before = env(project).find(isSame)
    const secret = input.secret ?? before?.secret ?? true
    const after: Schemas['EnvVar'] = {
      name: input.name,
      value: secret ? null : (input.value ?? before?.value ?? ''),
      secret,
      scope: input.scope ?? before?.scope ?? 'all',
      target,
      created_at: before?.created_at ?? ago(0),
      updated_at: ago(0),
    }
    const others = env(project).filter((one) => !isSame(one))
    world.env.set(
      project,
      [...others, after].sort((a, b) => a.name.localeCompare(b.name)),
    )
    return after
  }
  return [
    http.get('/api/v1/projects/{project}/env', ({ params, response }) =>
      response(200).json({ items: env(params.project), next_cursor: null }),
    ),
    http.put('/api/v1/projects/{project}/env', async ({ params, request, response }) => {
      for (const variable of (await request.json()).variables) put(params.project, variable)
      return response(200).json({ items: env(params.project), next_cursor: null })
    }),
    http.put('/api/v1/projects/{project}/env/{key}', async ({ params, request, response }) =>
      response(200).json(put(params.project, { ...(await request.json()), name: params.key })),
    ),
    http.delete('/api/v1/projects/{project}/env/{key}', ({ params, query, response }) => {
      const target = query.get('target') ?? 'all'
      world.env.set(
        params.project,
        env(params.project).filter((one) => one.name !== params.key || one.target !== target),
      )
      return response(204).empty()
    }),
    http.get('/api/v1/projects/{project}/webhook-deliveries', ({ params, response }) =>
      response(200).json({ items: params.project === 'shop' ? world.deliveries : [], next_cursor: null }),
    ),
    http.post('/api/v1/projects/{project}/webhook-deliveries/{id}/replay', ({ params, response }) =>
      response(202).json({
        project_id: `prj_${params.project}`,
        verdict: 'ignored',
        reason: 'the commit is deployed already',
        deployment_id: null,
      }),
    ),
  ]
}
