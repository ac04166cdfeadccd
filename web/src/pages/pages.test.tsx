// What people do on the pages, over the mock backend.

import { screen, waitFor, within } from '@testing-library/react'
import { HttpResponse, http } from 'msw'
import { expect, test, vi } from 'vitest'
import { signedOut } from '@/api/session'
import { user as person, problem } from '@/mock-api/examples'
import { renderPage } from '@/mock-api/render-page'
import { backend } from '@/mock-api/test-setup'

test('somebody who is not signed in comes back to the page they asked for', async () => {
  signedOut()
  const { user, router } = renderPage('/projects/shop/settings')
  await user.type(await screen.findByLabelText('Email'), 'ada@example.com')
  await user.type(screen.getByLabelText('Password'), 'right')
  await user.click(screen.getByRole('button', { name: 'Sign in' }))
  expect(await screen.findByLabelText('Production branch')).toBeInTheDocument()
  expect(router.state.location.pathname).toBe('/projects/shop/settings')
})

test('a wrong password is said in words and keeps what was typed', async () => {
  signedOut()
  const { user } = renderPage('/login')
  await user.type(await screen.findByLabelText('Email'), 'ada@example.com')
  await user.type(screen.getByLabelText('Password'), 'wrong')
  await user.click(screen.getByRole('button', { name: 'Sign in' }))
  expect(await screen.findByRole('alert')).toHaveTextContent('Sign-in failed')
  expect(screen.getByRole('alert')).toHaveTextContent('The address or the password is wrong.')
  expect(screen.getByLabelText('Email')).toHaveValue('ada@example.com')
})

test('projects are found by name, address and repository', async () => {
  const { user } = renderPage('/')
  const search = await screen.findByLabelText('Search projects')
  await user.type(search, 'orders')
  const main = screen.getByRole('main')
  await waitFor(() => expect(within(main).queryByRole('link', { name: 'Shop' })).toBeNull())
  expect(within(main).getByRole('link', { name: 'Orders API' })).toBeInTheDocument()
  await user.type(search, ' nothing like it')
  expect(await screen.findByText('No project matches')).toBeInTheDocument()
})

test('a new project goes from its address to its first deployment', async () => {
  const { user, router } = renderPage('/new')
  await user.type(await screen.findByLabelText('Repository'), 'https://github.com/acme/mono')
  await user.click(screen.getByRole('button', { name: 'Import' }))
  await user.click(await screen.findByRole('radio', { name: /docs/ }))
  expect(screen.getByLabelText('Root directory')).toHaveValue('apps/docs')
  await user.clear(screen.getByLabelText('Project name'))
  await user.type(screen.getByLabelText('Project name'), 'handbook')
  await user.click(screen.getByRole('button', { name: 'Deploy' }))
  await waitFor(() =>
    expect(router.state.location.pathname).toBe('/projects/handbook/deployments/dep_handbook_1'),
  )
})

test('a repository nobody can read offers the way on', async () => {
  const { user } = renderPage('/new')
  await user.type(await screen.findByLabelText('Repository'), 'https://github.com/acme/private')
  await user.click(screen.getByRole('button', { name: 'Import' }))
  expect(await screen.findByRole('alert')).toHaveTextContent('for a private repository put a token into it')
  await user.click(screen.getByRole('button', { name: 'Configure it yourself' }))
  expect(await screen.findByLabelText('Project name')).toHaveValue('private')
})

test('what was found at one address is never deployed for another', async () => {
  const { user } = renderPage('/new')
  const address = await screen.findByLabelText('Repository')
  await user.type(address, 'https://github.com/acme/mono')
  await user.click(screen.getByRole('button', { name: 'Import' }))
  await user.type(await screen.findByLabelText('Project name'), '-two')
  await user.type(address, '-other')
  expect(screen.queryByRole('button', { name: 'Deploy' })).toBeNull()
  expect(screen.getByRole('heading', { name: 'Or start from a template' })).toBeInTheDocument()
  await user.type(address, '{Backspace>6/}')
  expect(screen.getByLabelText('Project name')).toHaveValue('web-two')
})

test('a secret value is never shown and stays as it is unless a new one is typed', async () => {
  const put = vi.fn()
  backend.use(
    http.put('*/api/v1/projects/shop/env/PAYMENT_KEY', async ({ request }) => {
      put(await request.json())
      return HttpResponse.json({})
    }),
  )
  const { user } = renderPage('/projects/shop/settings/environment')
  await user.click(await screen.findByLabelText('Actions for PAYMENT_KEY'))
  await user.click(await screen.findByRole('menuitem', { name: 'Edit' }))
  expect(screen.getByLabelText('Value')).toHaveValue('')
  await user.selectOptions(screen.getByLabelText('Available in'), 'all')
  await user.click(screen.getByRole('button', { name: 'Save' }))
  await waitFor(() => expect(put).toHaveBeenCalledWith({ secret: true, scope: 'all', target: 'all' }))
})

test('a project is deleted only after its name was typed', async () => {
  const { user, router } = renderPage('/projects/notes/settings/danger')
  await user.click(await screen.findByRole('button', { name: 'Delete…' }))
  const button = screen.getByRole('button', { name: 'Delete project' })
  expect(button).toBeDisabled()
  await user.type(screen.getByLabelText(/to confirm/), 'notes')
  await user.click(button)
  await waitFor(() => expect(router.state.location.pathname).toBe('/'))
})

test('a saved setting can be undone', async () => {
  const saved: unknown[] = []
  backend.use(
    http.patch('*/api/v1/projects/shop', async ({ request }) => {
      saved.push(await request.clone().json())
      return undefined
    }),
  )
  const { user } = renderPage('/projects/shop/settings')
  const branch = await screen.findByLabelText('Production branch')
  await user.clear(branch)
  await user.type(branch, 'next')
  await user.click(screen.getAllByRole('button', { name: 'Save' })[1] as HTMLElement)
  await user.click(await screen.findByRole('button', { name: 'Undo' }))
  await waitFor(() => expect(saved).toEqual([{ branch: 'next' }, { branch: 'main' }]))
})

test('what the API says about a field stands at the field', async () => {
  backend.use(
    http.patch('*/api/v1/projects/shop', () =>
      HttpResponse.json(
        problem({
          status: 422,
          code: 'invalid',
          errors: [{ field: 'branch', message: 'is no name of a branch' }],
        }),
        { status: 422 },
      ),
    ),
  )
  const { user } = renderPage('/projects/shop/settings')
  await user.type(await screen.findByLabelText('Production branch'), '..')
  await user.click(screen.getAllByRole('button', { name: 'Save' })[1] as HTMLElement)
  expect(await screen.findByText('Is no name of a branch.')).toBeInTheDocument()
  expect(screen.getByLabelText('Production branch')).toHaveAccessibleDescription('Is no name of a branch.')
})

test('the secret of a token is shown once', async () => {
  const { user } = renderPage('/account')
  await user.click(await screen.findByRole('button', { name: 'New token' }))
  await user.type(screen.getByLabelText('Name'), 'bot')
  await user.click(screen.getByRole('button', { name: 'Create token' }))
  expect(await screen.findByText(/^aether_mock/)).toBeInTheDocument()
  await user.click(screen.getByRole('button', { name: 'Done' }))
  expect(screen.queryByText(/^aether_mock/)).toBeNull()
  expect(await screen.findByText('bot')).toBeInTheDocument()
})

test('a viewer sees no buttons that the API would refuse', async () => {
  backend.use(
    http.post('*/api/v1/auth/refresh', () =>
      HttpResponse.json({
        access_token: 'v',
        token_type: 'Bearer',
        expires_in: 900,
        user: person({ role: 'viewer' }),
      }),
    ),
  )
  const { refreshSession } = await import('@/api/session')
  await refreshSession()
  renderPage('/projects/shop')
  await screen.findByText('Current release')
  expect(screen.queryByRole('button', { name: 'Deploy' })).toBeNull()
})

test('the command palette finds a project by some letters', async () => {
  const { user, router } = renderPage('/')
  await screen.findByLabelText('Search projects')
  await user.keyboard('{Control>}k{/Control}')
  await user.type(await screen.findByPlaceholderText(/A project, a page/), 'docum')
  await user.keyboard('{Enter}')
  await waitFor(() => expect(router.state.location.pathname).toBe('/projects/docs'))
})

test('a template is live on its way with one click', async () => {
  const { user, router } = renderPage('/new')
  await user.click(await screen.findByRole('button', { name: 'Deploy Astro' }))
  await waitFor(() => expect(router.state.location.pathname).toBe('/projects/astro/deployments/dep_astro_1'))
})

test('a template that this instance cannot deploy says why', async () => {
  renderPage('/new')
  const button = await screen.findByRole('button', { name: 'Deploy Dockerfile' })
  expect(button).toBeDisabled()
  expect(button).toHaveAccessibleDescription(/Needs a Docker engine/)
})

test('deployments are filtered by the service, and the address remembers how', async () => {
  const { user, router } = renderPage('/projects/landing/deployments')
  expect(await screen.findByText('#5')).toBeInTheDocument()
  await user.selectOptions(screen.getByLabelText('Status'), 'failed')
  await waitFor(() => expect(screen.queryByText('#5')).toBeNull())
  expect(screen.getByText('#6')).toBeInTheDocument()
  expect(router.state.location.search).toEqual({ status: 'failed' })
  await user.selectOptions(screen.getByLabelText('Reason'), 'redeploy')
  await user.click(await screen.findByRole('button', { name: 'Show all' }))
  expect(await screen.findByText('#5')).toBeInTheDocument()
})

test('a deployment says what is different from the release before, by name only', async () => {
  renderPage('/projects/shop/deployments/dep_shop_12')
  const changes = (await screen.findByRole('heading', { name: 'Changes' })).closest('section')
  expect(changes).toHaveTextContent('Since the release before, #11.')
  expect(changes).toHaveTextContent('Memory of a build, MiB2048')
  expect(changes).toHaveTextContent('PAYMENT_KEYvariable changed')
})

test('while the service is away the page says so and keeps what it has', async () => {
  renderPage('/')
  await screen.findByLabelText('Search projects')
  backend.use(http.all('*/api/v1/*', () => HttpResponse.error()))
  const { client } = await import('@/api/client')
  await client.GET('/api/v1/auth/me').catch(() => {})
  expect(await screen.findByText(/Aether does not answer/)).toBeInTheDocument()
  expect(screen.getByLabelText('Search projects')).toBeInTheDocument()
})

test('the palette goes to a place by the beginning of its name, and a deployment it starts is shown', async () => {
  const { user, router } = renderPage('/projects/shop')
  await screen.findByText('Current release')
  await user.keyboard('{Control>}k{/Control}')
  await user.type(await screen.findByPlaceholderText(/A project, a page/), 'depl{Enter}')
  await waitFor(() => expect(router.state.location.pathname).toBe('/projects/shop/deployments'))
  await user.keyboard('{Control>}k{/Control}')
  await user.type(await screen.findByPlaceholderText(/A project, a page/), 'deploy now{Enter}')
  await waitFor(() => expect(router.state.location.pathname).toMatch(/^\/projects\/shop\/deployments\/dep_/))
})

test('the palette knows the pages of a project that is not open', async () => {
  const { user, router } = renderPage('/')
  await screen.findByRole('link', { name: 'Orders API' })
  await user.keyboard('{Control>}k{/Control}')
  await user.type(await screen.findByPlaceholderText(/A project, a page/), 'orders dom{Enter}')
  await waitFor(() => expect(router.state.location.pathname).toBe('/projects/orders-api/settings/domains'))
})
