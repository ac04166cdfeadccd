// Where code comes from, over the mock backend.

import { screen, waitFor, within } from '@testing-library/react'
import { HttpResponse, http } from 'msw'
import { expect, test, vi } from 'vitest'
import { deployment, project } from '@/mock-api/examples'
import { renderPage } from '@/mock-api/render-page'
import { backend } from '@/mock-api/test-setup'

function card(heading: string): HTMLElement {
  return screen.getByRole('heading', { name: heading }).closest('section') as HTMLElement
}

test('watched paths are one glob a line, and looking is every so many minutes', async () => {
  const saved = vi.fn()
  backend.use(
    http.patch('*/api/v1/projects/shop', async ({ request }) => {
      saved(await request.clone().json())
      return undefined
    }),
  )
  const { user } = renderPage('/projects/shop/settings/git')
  await user.type(await screen.findByLabelText('Watch paths'), 'apps/web/**{Enter} {Enter}lib/**')
  await user.selectOptions(screen.getByLabelText('Poll for new commits'), '5')
  await user.click(within(card('Automatic deployments')).getByRole('button', { name: 'Save' }))
  await waitFor(() =>
    expect(saved).toHaveBeenCalledWith({
      auto_deploy: true,
      lfs: false,
      poll_minutes: 5,
      submodules: false,
      watch_paths: ['apps/web/**', 'lib/**'],
    }),
  )
})

test('files kept in Git LFS are fetched once the switch is on', async () => {
  const saved = vi.fn()
  backend.use(
    http.patch('*/api/v1/projects/shop', async ({ request }) => {
      saved(await request.clone().json())
      return undefined
    }),
  )
  const { user } = renderPage('/projects/shop/settings/git')
  const lfs = await screen.findByRole('switch', { name: 'Git LFS' })
  expect(lfs).not.toBeChecked()
  await user.click(lfs)
  await user.click(within(card('Automatic deployments')).getByRole('button', { name: 'Save' }))
  await waitFor(() =>
    expect(saved).toHaveBeenCalledWith(expect.objectContaining({ lfs: true, submodules: false })),
  )
  // What the backend keeps is what a later look shows.
  await waitFor(() =>
    expect(within(card('Automatic deployments')).getByRole('button', { name: 'Save' })).toBeDisabled(),
  )
  expect(screen.getByRole('switch', { name: 'Git LFS' })).toBeChecked()
})

test('a webhook that nobody can call is said at once, and polling is one click away', async () => {
  const { user } = renderPage('/projects/docs/settings/git')
  expect(await screen.findByText("Pushes can't reach this instance")).toBeInTheDocument()
  await user.click(screen.getByRole('button', { name: 'Poll every 5 minutes' }))
  expect(await screen.findByText('New commits deploy automatically')).toBeInTheDocument()
  expect(screen.getByLabelText('Poll for new commits')).toHaveValue('5')
})

test('a delivery that arrived shows that pushes do', async () => {
  renderPage('/projects/shop/settings/git')
  expect(await screen.findByText('Pushes deploy automatically')).toBeInTheDocument()
})

test('a webhook at a public address that was never called is not set up yet', async () => {
  backend.use(
    http.get('*/api/v1/projects/docs/webhook', () =>
      HttpResponse.json({ url: 'https://aether.example.com/api/v1/webhooks/prj_docs', secret: 'whsec' }),
    ),
  )
  renderPage('/projects/docs/settings/git')
  expect(await screen.findByText("Pushes don't deploy yet")).toBeInTheDocument()
})

test('a deploy key is made, and its public part is there to copy', async () => {
  const { user } = renderPage('/projects/docs/settings/git')
  await user.click(await screen.findByRole('button', { name: 'Generate key' }))
  expect(await screen.findByText(/^ssh-ed25519 /)).toBeInTheDocument()
  expect(screen.getByText('Not connected yet')).toBeInTheDocument()
})

test('a server that showed another key is said to have changed', async () => {
  const failed = deployment({
    status: 'FAILED',
    error: {
      code: 'git_host_key_changed',
      title: "The Git server's key has changed",
      detail: 'it is not the one that was trusted',
      hint: null,
    },
  })
  backend.use(
    http.get('*/api/v1/projects/shop', () => HttpResponse.json(project({ latest_deployment: failed }))),
  )
  renderPage('/projects/shop/settings/git')
  expect(await screen.findByText('The host key changed since the last deployment')).toBeInTheDocument()
  expect(screen.getByText('Changed')).toBeInTheDocument()
  expect(screen.queryByText('Trusted')).toBeNull()
})

test('the token of a connection is sent once and never shown', async () => {
  const { user } = renderPage('/projects/docs/settings/git')
  await user.click(await screen.findByRole('button', { name: 'Connect' }))
  const token = screen.getByLabelText('Access token')
  expect(token).toHaveAttribute('type', 'password')
  await user.type(token, 'ghp_secret')
  await user.click(within(screen.getByRole('dialog')).getByRole('button', { name: 'Connect' }))
  expect(await screen.findByText('Encrypted')).toBeInTheDocument()
  expect(screen.queryByDisplayValue('ghp_secret')).toBeNull()
})

test('a delivery says in words what was made of it and can be done again', async () => {
  const { user } = renderPage('/projects/shop/settings/git')
  const waiting = (await screen.findByText('Waiting for approval')).closest('li') as HTMLElement
  expect(waiting).toHaveTextContent('The pull request comes from a fork and waits for approval.')
  await user.click(within(waiting).getByRole('button', { name: 'Redeliver' }))
  expect(await screen.findByText('The commit is deployed already.')).toBeInTheDocument()
})

test('a variable for previews is deleted without touching the one for all', async () => {
  const deleted = vi.fn()
  backend.use(
    http.delete('*/api/v1/projects/shop/env/VITE_API_URL', ({ request }) => {
      deleted(new URL(request.url).searchParams.get('target'))
      return undefined
    }),
  )
  const { user } = renderPage('/projects/shop/settings/environment')
  const row = (await screen.findByText('Previews only')).closest('li') as HTMLElement
  await user.click(within(row).getByRole('button', { name: 'Actions for VITE_API_URL' }))
  await user.click(await screen.findByRole('menuitem', { name: 'Delete' }))
  await user.click(screen.getByRole('button', { name: 'Delete' }))
  await waitFor(() => expect(screen.queryByText('Previews only')).toBeNull())
  expect(deleted).toHaveBeenCalledWith('preview')
  expect(screen.getByText('https://orders.example.com')).toBeInTheDocument()
})
