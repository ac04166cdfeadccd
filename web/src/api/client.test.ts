import { HttpResponse, http } from 'msw'
import { expect, test, vi } from 'vitest'
import { problem, user } from '@/mock-api/examples'
import { backend } from '@/mock-api/test-setup'
import { authorizedFetch, client, openStream } from './client'
import { asProblem, fieldError } from './problem'
import { isReachable } from './reachability'
import { currentSession, ensureSession, refreshSession, signedIn } from './session'

const EXPIRED = () => HttpResponse.json(problem({ status: 401, code: 'invalid_token' }), { status: 401 })

/** A service that takes only the newest access token. */
function expireTokens() {
  const refreshed = vi.fn()
  backend.use(
    http.get('*/api/v1/auth/me', ({ request }) =>
      request.headers.get('authorization') === 'Bearer fresh' ? HttpResponse.json(user()) : EXPIRED(),
    ),
    http.post('*/api/v1/auth/refresh', () => {
      refreshed()
      return HttpResponse.json({ access_token: 'fresh', token_type: 'Bearer', expires_in: 900, user: user() })
    }),
  )
  return refreshed
}

test('an expired token is renewed once for any number of requests, and each is sent again', async () => {
  const refreshed = expireTokens()
  const answers = await Promise.all([1, 2, 3].map(() => client.GET('/api/v1/auth/me')))
  expect(answers.map((answer) => answer.response.status)).toEqual([200, 200, 200])
  expect(refreshed).toHaveBeenCalledOnce()
  expect(currentSession()?.token).toBe('fresh')
})

test('the body of a request survives being sent again', async () => {
  expireTokens()
  const bodies: unknown[] = []
  backend.use(
    http.post('*/api/v1/tokens', async ({ request }) => {
      bodies.push(await request.json())
      return request.headers.get('authorization') === 'Bearer fresh'
        ? HttpResponse.json({}, { status: 201 })
        : EXPIRED()
    }),
  )
  await client.POST('/api/v1/tokens', { body: { name: 'ci', scopes: ['read'] } })
  expect(bodies).toEqual([
    { name: 'ci', scopes: ['read'] },
    { name: 'ci', scopes: ['read'] },
  ])
})

test('a session that was ended signs out instead of asking for ever', async () => {
  backend.use(http.get('*/api/v1/auth/me', EXPIRED), http.post('*/api/v1/auth/refresh', EXPIRED))
  const { response } = await client.GET('/api/v1/auth/me')
  expect(response.status).toBe(401)
  expect(currentSession()).toBeNull()
  expect(await ensureSession()).toBeNull()
})

test('a wrong password is no expired token', async () => {
  await refreshSession()
  const refreshed = expireTokens()
  signedIn({ token: 'fresh', user: user() })
  await client.GET('/api/v1/auth/me')
  expect(refreshed).not.toHaveBeenCalled()
})

test('one lost request does not make a signed-in person a stranger', async () => {
  let asked = 0
  backend.use(
    http.post('*/api/v1/auth/refresh', () => {
      asked += 1
      if (asked === 1) return HttpResponse.error()
      return HttpResponse.json({ access_token: 'again', token_type: 'Bearer', expires_in: 900, user: user() })
    }),
  )
  expect((await refreshSession())?.token).toBe('again')
})

test('a stream asks for events behind the last one it has', async () => {
  backend.use(
    http.get('*/api/v1/deployments/d/logs', ({ request }) =>
      HttpResponse.json([request.headers.get('accept'), request.headers.get('last-event-id')]),
    ),
  )
  const response = await openStream('/api/v1/deployments/d/logs', '42', new AbortController().signal)
  expect(await response.json()).toEqual(['text/event-stream', '42'])
})

test('whether the service answers is known to the banner', async () => {
  backend.use(http.get('*/api/v1/auth/me', () => HttpResponse.error()))
  await authorizedFetch(new Request(`${location.origin}/api/v1/auth/me`)).catch(() => {})
  expect(isReachable()).toBe(false)
  backend.use(http.get('*/api/v1/auth/me', () => HttpResponse.json(user())))
  await client.GET('/api/v1/auth/me')
  expect(isReachable()).toBe(true)
})

test('every failure becomes a problem with words', () => {
  expect(asProblem(new TypeError('Failed to fetch')).code).toBe('unreachable')
  expect(asProblem('<html>502 Bad Gateway</html>').code).toBe('unexpected')
  expect(asProblem(null).code).toBe('unexpected')
  const invalid = asProblem(problem({ code: 'invalid', errors: [{ field: 'name', message: 'is empty' }] }))
  expect(fieldError(invalid, 'name')).toBe('Is empty.')
  expect(asProblem(problem()).errors).toEqual([])
})

test('what was asked before the app had come is taken once, and only when it is good', async () => {
  const asked = vi.fn()
  backend.use(
    http.get('*/api/v1/auth/me', () => {
      asked()
      return HttpResponse.json(user())
    }),
  )
  const early = (answer: Response) => {
    window.aetherEarly = { '/api/v1/auth/me': Promise.resolve(answer) }
  }
  early(Response.json({ ...user(), name: 'Early' }))
  expect((await client.GET('/api/v1/auth/me')).data?.name).toBe('Early')
  expect(asked).not.toHaveBeenCalled()
  expect((await client.GET('/api/v1/auth/me')).data?.name).toBe(user().name)
  early(Response.json(problem({ status: 503 }), { status: 503 }))
  expect((await client.GET('/api/v1/auth/me')).data?.name).toBe(user().name)
  expect(asked).toHaveBeenCalledTimes(2)
})

test('nothing of the one who has gone is kept for the next', async () => {
  window.aetherEarly = { '/api/v1/auth/me': Promise.resolve(Response.json({ ...user(), name: 'Gone' })) }
  backend.use(http.post('*/api/v1/auth/refresh', EXPIRED))
  expect(await refreshSession()).toBeNull()
  expect(window.aetherEarly).toBeUndefined()
})
