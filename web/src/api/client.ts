// The typed client: every path, body and answer comes from openapi.json.
//
// authorizedFetch() adds the access token, renews it once when it has expired, and sends the request again.

import { QueryClient } from '@tanstack/react-query'
import createClient from 'openapi-fetch'
import createQueryHooks from 'openapi-react-query'
import { takeEarly } from './early'
import { noteAnswer, noteSilence } from './reachability'
import type { components, paths } from './schema.gen'
import { currentSession, refreshSession } from './session'

export type Schemas = components['schemas']

const RETRIES = 2

export const client = createClient<paths>({ baseUrl: location.origin, fetch: authorizedFetch })

export const api = createQueryHooks(client)

export const queryClient = new QueryClient({
  defaultOptions: {
    queries: {
      staleTime: 5_000,
      retry: (failures, error) => failures < RETRIES && isPassing(error),
      refetchOnWindowFocus: true,
    },
  },
})

export async function authorizedFetch(request: Request): Promise<Response> {
  const again = request.clone()
  const used = currentSession()?.token
  const response = await send(request, used)
  if (response.status !== 401 || !used) return response
  // Another request may have renewed the token while this one was under way.
  const now = currentSession()
  const renewed = now && now.token !== used ? now : await refreshSession()
  return renewed ? send(again, renewed.token) : response
}

/** A stream of server-sent events behind `lastId`. */
export function openStream(path: string, lastId: string | undefined, signal: AbortSignal): Promise<Response> {
  const headers = new Headers({ accept: 'text/event-stream' })
  if (lastId !== undefined) headers.set('last-event-id', lastId)
  return authorizedFetch(new Request(new URL(path, location.origin), { headers, signal, cache: 'no-store' }))
}

async function send(request: Request, token: string | undefined): Promise<Response> {
  if (token) request.headers.set('authorization', `Bearer ${token}`)
  try {
    const response = (await earlyAnswer(request)) ?? (await fetch(request))
    noteAnswer()
    return response
  } catch (error) {
    if (!request.signal.aborted) noteSilence()
    throw error
  }
}

/** Only a good one: whatever else came early is asked for again, to be told apart and renewed as usual. */
async function earlyAnswer(request: Request): Promise<Response | null> {
  const { pathname, search } = new URL(request.url)
  const early = request.method === 'GET' ? takeEarly(pathname + search) : null
  const response = await early?.catch(() => null)
  return response?.ok ? response : null
}

/** Worth another try: no answer, or a fault of the service. What the API refused stays refused. */
function isPassing(error: unknown): boolean {
  const status = (error as { status?: unknown } | null)?.status
  return typeof status !== 'number' || status >= 500
}
