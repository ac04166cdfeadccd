// The mock's own account: sessions, profile, password.

import { HttpResponse } from 'msw'
import type { Schemas } from '@/api/client'
import { ago, problem } from './examples'
import { http, NOT_FOUND } from './typed-http'
import type { World } from './world'

const CHROME =
  'Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/139.0.0.0 Safari/537.36'
const IPHONE =
  'Mozilla/5.0 (iPhone; CPU iPhone OS 18_5 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/18.5 Mobile/15E148 Safari/604.1'
const FIREFOX = 'Mozilla/5.0 (Windows NT 10.0; Win64; x64; rv:140.0) Gecko/20100101 Firefox/140.0'

export function exampleSessions(): Schemas['Session'][] {
  const one = (id: string, user_agent: string, used: number, began: number): Schemas['Session'] => ({
    id,
    user_agent,
    current: id === 'ses_1',
    last_used_at: ago(used),
    created_at: ago(began),
    expires_at: ago(used - 43_200),
  })
  return [one('ses_1', CHROME, 1, 4000), one('ses_2', IPHONE, 190, 9000), one('ses_3', FIREFOX, 6000, 30_000)]
}

export function ownAccountHandlers(world: World) {
  const wrongPassword = () =>
    HttpResponse.json(
      problem({
        status: 422,
        code: 'invalid',
        title: 'A value is not valid',
        detail: 'current_password: is not your password',
        errors: [{ field: 'current_password', message: 'is not your password' }],
      }),
      { status: 422 },
    )
  return [
    http.get('/api/v1/auth/sessions', ({ response }) =>
      response(200).json({ items: world.sessions, next_cursor: null }),
    ),
    http.delete('/api/v1/auth/sessions', ({ response }) => {
      const kept = world.sessions.filter((one) => one.current)
      const ended = world.sessions.length - kept.length
      world.sessions = kept
      return response(200).json({ ended })
    }),
    http.delete('/api/v1/auth/sessions/{id}', ({ params, response }) => {
      if (!world.sessions.some((one) => one.id === params.id)) return response('default').json(...NOT_FOUND)
      world.sessions = world.sessions.filter((one) => one.id !== params.id)
      return response(204).empty()
    }),
    http.patch('/api/v1/auth/me', async ({ request, response }) => {
      const { name, email, current_password } = await request.json()
      if (current_password === 'wrong') return response.untyped(wrongPassword())
      world.user = { ...world.user, ...(name && { name }), ...(email && { email }) }
      return response(200).json(world.user)
    }),
    http.post('/api/v1/auth/password', async ({ request, response }) => {
      if ((await request.json()).current_password === 'wrong') return response.untyped(wrongPassword())
      world.sessions = world.sessions.filter((one) => one.current)
      return response(204).empty()
    }),
  ]
}
