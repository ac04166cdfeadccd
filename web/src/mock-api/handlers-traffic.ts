// Made-up visitors and what the app uses.

import type { Schemas } from '@/api/client'
import { http } from './typed-http'
import type { World } from './world'

const MINUTE_MS = 60_000
const POINTS = { hour: 60, day: 96 } as const
const STEP_SECONDS = { hour: 60, day: 900 } as const

export function trafficHandlers(world: World) {
  return [
    http.get('/api/v1/projects/{project}/traffic', ({ params, query, response }) => {
      const range = query.get('range') === 'hour' ? 'hour' : 'day'
      const visited = params.project === 'shop' || params.project === 'orders-api'
      return response(200).json(traffic(range, visited, world.system.proxies.length))
    }),
    http.get('/api/v1/projects/{project}/usage', ({ params, response }) => {
      const project = world.projects.find((one) => one.slug === params.project)
      const live = project?.live_deployment
      const apps = live?.plan?.kind === 'server' ? [usage(live.id)] : []
      const volumes = (project?.volumes ?? []).map(({ name }) => ({ name, bytes: 48_300_000 }))
      return response(200).json({ apps, volumes })
    }),
  ]
}

function traffic(range: 'hour' | 'day', visited: boolean, proxies: number): Schemas['ProjectTraffic'] {
  const step = STEP_SECONDS[range]
  const end = Math.floor(Date.now() / MINUTE_MS) * MINUTE_MS
  const points = Array.from({ length: POINTS[range] }, (_, index): Schemas['TrafficPoint'] => {
    const at = new Date(end - (POINTS[range] - 1 - index) * step * 1000).toISOString()
    const requests = visited ? visitors(index, step / 60) : 0
    return { at, ...figures(requests, requests > 0 && index % 23 === 7 ? Math.ceil(requests / 6) : 0) }
  })
  const sum = (name: 'requests' | 'errors') => points.reduce((all, one) => all + one[name], 0)
  return { proxies, step_seconds: step, points, total: figures(sum('requests'), sum('errors')) }
}

/** A day with a slow morning, the same at every look. */
function visitors(index: number, minutes: number): number {
  return Math.max(0, Math.round(minutes * (14 + 9 * Math.sin(index / 9) + 5 * Math.sin(index * 1.7))))
}

function figures(requests: number, errors: number): Schemas['TrafficFigures'] {
  return {
    requests,
    errors,
    sent_bytes: requests * 21_400,
    p50_at_most_ms: requests > 0 ? 5 : null,
    p99_at_most_ms: requests > 0 ? (errors > 0 ? 2500 : 100) : null,
  }
}

function usage(deployment: string): Schemas['AppUsage'] {
  return {
    instance_id: 'ins_1',
    deployment_id: deployment,
    // A tenth of a processor, all the time.
    cpu_nanos: (Date.now() % 1e9) * 1e5,
    memory_bytes: 141_000_000,
    memory_limit_bytes: 536_870_912,
    network_received_bytes: 0,
    network_sent_bytes: 0,
    processes: 3,
  }
}
