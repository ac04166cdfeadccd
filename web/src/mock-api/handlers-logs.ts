import { HttpResponse } from 'msw'
import { isActive } from '@/components/deployment-status'
import { ago } from './examples'
import { runtimeText } from './log-lines'
import { http, NOT_FOUND } from './typed-http'
import type { World } from './world'

const POLL_MS = 120
const RUNTIME_START = 160
const RUNTIME_LINE_MS = 1300

export function logHandlers(world: World) {
  return [
    http.get('/api/v1/deployments/{id}/logs', ({ params, request, response }) => {
      const find = () => world.deployments.find((one) => one.id === params.id)
      if (!find()) return response('default').json(...NOT_FOUND)
      let sent = Number(request.headers.get('last-event-id') ?? 0)
      let status = ''
      return response.untyped(
        stream((send) => {
          const fresh = world.logs.get(params.id)?.slice(sent) ?? []
          for (const line of fresh) send('log', line, line.seq)
          sent += fresh.length
          const now = find()?.status
          if (now && now !== status) {
            status = now
            send('status', { status: now, step: null })
          }
          if (now && isActive(now)) return POLL_MS
          send('end', { status: now, step: null })
          return null
        }),
      )
    }),
    http.get('/api/v1/projects/{project}/logs', ({ params, request, response }) => {
      const project = world.projects.find((one) => one.slug === params.project)
      if (!project) return response('default').json(...NOT_FOUND)
      const server = project.live_deployment?.plan?.kind === 'server'
      let sent = Number(request.headers.get('last-event-id') ?? 0)
      return response.untyped(
        stream((send) => {
          const until = server ? Math.max(sent + 1, RUNTIME_START) : sent
          for (; sent < until; sent += 1) {
            send('log', { id: sent + 1, at: ago((until - sent) / 20), ...runtimeText(sent) }, sent + 1)
          }
          return RUNTIME_LINE_MS
        }),
      )
    }),
  ]
}

type Send = (event: string, data: unknown, id?: number) => void

/** A stream of events; `look` sends what is new and says when to look again, or null at the end. */
function stream(look: (send: Send) => number | null): HttpResponse<BodyInit> {
  const encoder = new TextEncoder()
  let timer: ReturnType<typeof setTimeout>
  const body = new ReadableStream<Uint8Array>({
    start(controller) {
      const send: Send = (event, data, id) => {
        const prefix = id === undefined ? '' : `id: ${id}\n`
        controller.enqueue(encoder.encode(`event: ${event}\n${prefix}data: ${JSON.stringify(data)}\n\n`))
      }
      const again = () => {
        const wait = look(send)
        if (wait === null) controller.close()
        else timer = setTimeout(again, wait)
      }
      again()
    },
    cancel: () => clearTimeout(timer),
  })
  return new HttpResponse(body, { headers: { 'content-type': 'text/event-stream' } })
}
