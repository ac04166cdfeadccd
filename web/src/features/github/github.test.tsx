import { screen, waitFor, within } from '@testing-library/react'
import { HttpResponse, http } from 'msw'
import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import * as leaving from '@/lib/go-to'
import { project } from '@/mock-api/examples'
import { renderPage } from '@/mock-api/render-page'
import { backend } from '@/mock-api/test-setup'

let goTo: ReturnType<typeof vi.spyOn>

beforeEach(() => {
  goTo = vi.spyOn(leaving, 'goTo').mockImplementation(() => {})
})

afterEach(() => {
  vi.restoreAllMocks()
})

test('one click leads to GitHub with the description of the App', async () => {
  const { user } = renderPage('/github')
  await user.click(await screen.findByRole('button', { name: 'Connect GitHub' }))
  await waitFor(() => expect(goTo).toHaveBeenCalledWith('/api/v1/github/form?state=mock'))
})

test('an address inside the network is refused at its field', async () => {
  const { user } = renderPage('/github')
  await user.click(await screen.findByText('Organization or GitHub Enterprise'))
  const address = screen.getByLabelText('GitHub Enterprise URL')
  await user.type(address, 'https://10.0.0.1')
  await user.click(screen.getByRole('button', { name: 'Connect GitHub' }))
  await waitFor(() => expect(address).toHaveAccessibleDescription('Is not on the public internet.'))
  expect(goTo).not.toHaveBeenCalled()
})

test('what GitHub brings back is exchanged once and leads on to the installation', async () => {
  const { router } = renderPage('/github/callback?code=abc&state=mock')
  await waitFor(() => expect(goTo).toHaveBeenCalledTimes(1))
  expect(goTo).toHaveBeenCalledWith('https://github.com/apps/aether-acme/installations/new')
  expect(router.state.location.href).toBe('/github')
  expect(await screen.findByText('Aether new')).toBeInTheDocument()
})

test('a state that is not ours is said in words', async () => {
  renderPage('/github/callback?code=abc&state=theirs')
  expect(await screen.findByText(/was not begun here/)).toBeInTheDocument()
  expect(screen.getByRole('link', { name: 'Back to GitHub' })).toBeInTheDocument()
  expect(goTo).not.toHaveBeenCalled()
})

test('after an installation GitHub is asked where the Apps are', async () => {
  const asked = vi.fn()
  backend.use(
    http.post('*/api/v1/github/apps/:id/refresh', ({ params }) => {
      asked(params.id)
      return HttpResponse.json({}, { status: 200 })
    }),
  )
  renderPage('/github?installation_id=11&setup_action=install')
  await waitFor(() => expect(asked).toHaveBeenCalledWith('gha_01h455vb4pex5vsknk084sn02q'))
})

test('an App is removed after a question', async () => {
  const { user } = renderPage('/github')
  expect(await screen.findByText('Selected repositories')).toBeInTheDocument()
  await user.click(screen.getByRole('button', { name: 'Remove Aether acme' }))
  const dialog = screen.getByRole('dialog')
  await user.click(within(dialog).getByRole('button', { name: 'Remove' }))
  await waitFor(() => expect(screen.queryByText('Aether acme')).toBeNull())
})

test('a repository is searched, chosen and deployed', async () => {
  const bodies: unknown[] = []
  backend.events.on('request:start', async ({ request }) => {
    if (request.method === 'POST' && /\/(detect|projects)$/.test(new URL(request.url).pathname))
      bodies.push(await request.clone().json())
  })
  const { user } = renderPage('/new')
  await user.type(await screen.findByLabelText('Search repositories'), 'shop')
  await waitFor(() => expect(screen.queryByText('acme/handbook')).toBeNull())
  await user.click(await screen.findByRole('button', { name: 'Choose acme/shop' }))
  await user.click(await screen.findByRole('button', { name: 'Deploy' }))
  const github_repository = {
    app_id: 'gha_01h455vb4pex5vsknk084sn02q',
    installation_id: 11,
    repository_id: 1,
  }
  await waitFor(() => expect(bodies).toHaveLength(2))
  expect(bodies[0]).toEqual({ github_repository })
  expect(bodies[1]).toMatchObject({ github_repository })
  expect(bodies[1]).not.toHaveProperty('repo_url')
  backend.events.removeAllListeners()
})

test('a project of the App has no webhook to set up', async () => {
  backend.use(
    http.get('*/api/v1/projects/shop', async () =>
      HttpResponse.json({ ...project(), slug: 'shop', github_repository: 'acme/shop' }),
    ),
  )
  renderPage('/projects/shop/settings/git')
  // The name stands in the page's head, too.
  expect(await screen.findByText('acme/shop', { selector: 'strong' })).toBeInTheDocument()
  expect(screen.queryByText('Webhook')).toBeNull()
})
