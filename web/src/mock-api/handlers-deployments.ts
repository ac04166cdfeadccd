import { startBuild, update } from './live-build'
import { http, NOT_FOUND } from './typed-http'
import type { World } from './world'

export function deploymentHandlers(world: World) {
  const find = (id: string) => world.deployments.find((one) => one.id === id)
  const findProject = (slug: string) => world.projects.find((one) => one.slug === slug)
  const makeLive = (id: string) => {
    const found = find(id)
    if (!found) return null
    update(world, { ...found, live: true })
    return { status: 'switched' as const, deployment: { ...found, live: true } }
  }
  return [
    http.get('/api/v1/projects/{project}/deployments', ({ params, query, response }) => {
      const [statuses, ref, trigger] = [
        query.get('status')?.split(','),
        query.get('ref'),
        query.get('trigger'),
      ]
      const all = world.deployments.filter(
        (one) =>
          one.project_slug === params.project &&
          (!statuses || statuses.includes(one.status)) &&
          (!ref || one.ref === ref) &&
          (!trigger || one.trigger === trigger),
      )
      const start = Number(query.get('cursor') ?? 0)
      const limit = Number(query.get('limit') ?? 50)
      const more = start + limit < all.length
      return response(200).json({
        items: all.slice(start, start + limit),
        next_cursor: more ? String(start + limit) : null,
      })
    }),
    http.post('/api/v1/projects/{project}/deployments', async ({ params, request, response }) => {
      const project = findProject(params.project)
      if (!project) return response('default').json(...NOT_FOUND)
      const { ref } = await request.json()
      return response(202).json(startBuild(world, project, ref ? { ref } : {}))
    }),
    http.get('/api/v1/deployments/{id}', ({ params, response }) => {
      const found = find(params.id)
      return found ? response(200).json(found) : response('default').json(...NOT_FOUND)
    }),
    http.get('/api/v1/deployments/{id}/changes', ({ params, response }) => {
      const found = find(params.id)
      if (!found) return response('default').json(...NOT_FOUND)
      const before = world.deployments.find(
        (one) =>
          one.project_slug === found.project_slug && one.number < found.number && one.status === 'READY',
      )
      if (!before) return response(200).json({ previous: null, settings: [], variables: [] })
      return response(200).json({
        previous: { id: before.id, number: before.number, commit: before.commit },
        settings: [
          { name: 'build_command', before: null, after: 'pnpm run build --mode production' },
          { name: 'build_limits.memory_mb', before: '2048', after: '4096' },
        ],
        variables: [
          { name: 'PAYMENT_KEY', change: 'changed' },
          { name: 'VITE_API_URL', change: 'added' },
        ],
      })
    }),
    http.post('/api/v1/deployments/{id}/cancel', ({ params, response }) => {
      const found = find(params.id)
      if (!found) return response('default').json(...NOT_FOUND)
      const asked = { ...found, cancel_requested: true }
      update(world, asked)
      return response(202).json(asked)
    }),
    http.post('/api/v1/deployments/{id}/redeploy', ({ params, response }) => {
      const found = find(params.id)
      const project = found && findProject(found.project_slug)
      if (!project) return response('default').json(...NOT_FOUND)
      return response(202).json(
        startBuild(world, project, { trigger: 'redeploy', ref: found.ref, commit: found.commit }),
      )
    }),
    http.post('/api/v1/projects/{project}/rollback', async ({ request, response }) => {
      const switched = makeLive((await request.json()).deployment_id)
      return switched ? response(200).json(switched) : response('default').json(...NOT_FOUND)
    }),
    http.post('/api/v1/projects/{project}/promote', async ({ request, response }) => {
      const switched = makeLive((await request.json()).deployment_id)
      return switched ? response(200).json(switched) : response('default').json(...NOT_FOUND)
    }),
  ]
}
