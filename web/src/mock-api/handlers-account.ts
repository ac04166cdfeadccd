import { HttpResponse } from 'msw'
import { ago, problem } from './examples'
import { http } from './typed-http'
import type { World } from './world'

/** Remembers in this tab who is signed in, as the cookie does. */
const SIGNED_OUT = 'mock-signed-out'

export function accountHandlers(world: World) {
  const signedIn = () => ({
    access_token: 'mock.access.token',
    token_type: 'Bearer',
    expires_in: 900,
    user: world.user,
  })
  const remember = (isIn: boolean) => {
    world.signedIn = isIn
    sessionStorage.setItem(SIGNED_OUT, String(!isIn))
  }
  return [
    http.get('/api/v1/auth/setup', ({ response }) =>
      response(200).json({ needs_owner: world.needsOwner, registration_open: false }),
    ),
    http.post('/api/v1/auth/refresh', ({ response }) => {
      if (world.signedIn && sessionStorage.getItem(SIGNED_OUT) !== 'true')
        return response(200).json(signedIn())
      return response.untyped(
        HttpResponse.json(problem({ status: 401, code: 'session_ended', title: 'Sign in first' }), {
          status: 401,
        }),
      )
    }),
    http.post('/api/v1/auth/login', async ({ request, response }) => {
      const { password } = await request.json()
      if (password !== 'wrong') {
        remember(true)
        return response(200).json(signedIn())
      }
      return response.untyped(
        HttpResponse.json(
          problem({
            status: 401,
            code: 'wrong_credentials',
            title: 'Sign in first',
            detail: 'the address or the password is wrong',
          }),
          { status: 401 },
        ),
      )
    }),
    http.post('/api/v1/auth/register', async ({ request, response }) => {
      const { name, email } = await request.json()
      world.user = { ...world.user, name, email }
      world.needsOwner = false
      remember(true)
      return response(201).json(signedIn())
    }),
    http.post('/api/v1/auth/logout', ({ response }) => {
      remember(false)
      return response(204).empty()
    }),
    http.get('/api/v1/auth/me', ({ response }) => response(200).json(world.user)),
    http.get('/api/v1/tokens', ({ response }) =>
      response(200).json({ items: world.tokens, next_cursor: null }),
    ),
    http.post('/api/v1/tokens', async ({ request, response }) => {
      const { name, scopes, expires_at } = await request.json()
      const token = {
        id: `tok_${Date.now()}`,
        name,
        scopes,
        hint: 'k2Dw',
        created_at: ago(0),
        expires_at: expires_at ?? null,
        last_used_at: null,
      }
      world.tokens = [token, ...world.tokens]
      return response(201).json({ ...token, secret: 'aether_mockmockmockmockmockmockmockk2Dw' })
    }),
    http.delete('/api/v1/tokens/{id}', ({ params, response }) => {
      world.tokens = world.tokens.filter((token) => token.id !== params.id)
      return response(204).empty()
    }),
    http.get('/api/v1/invitations', ({ response }) =>
      response(200).json({ items: world.invitations, next_cursor: null }),
    ),
    http.post('/api/v1/invitations', async ({ request, response }) => {
      const { email, role } = await request.json()
      const invitation = {
        id: `inv_${Date.now()}`,
        email,
        role,
        created_at: ago(0),
        expires_at: ago(-10_080),
        accepted_at: null,
      }
      world.invitations = [invitation, ...world.invitations]
      return response(201).json({ ...invitation, secret: 'mock-invitation-secret' })
    }),
    http.delete('/api/v1/invitations/{id}', ({ params, response }) => {
      world.invitations = world.invitations.filter((one) => one.id !== params.id)
      return response(204).empty()
    }),
    http.get('/api/v1/system/status', ({ response }) => response(200).json(world.system)),
  ]
}
