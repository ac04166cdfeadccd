// Previews and approvals, over the mock backend.

import { screen, waitFor, within } from '@testing-library/react'
import { HttpResponse, http } from 'msw'
import { expect, test, vi } from 'vitest'
import { problem } from '@/mock-api/examples'
import { renderPage } from '@/mock-api/render-page'
import { backend } from '@/mock-api/test-setup'
import { environmentName } from './environment-name'

const APPROVE = '*/api/v1/projects/shop/environments/env_61/approve'

test('an approval is for exactly the head that was on the page', async () => {
  const approved = vi.fn()
  backend.use(
    http.post(APPROVE, async ({ request }) => {
      approved(await request.clone().json())
      return undefined
    }),
  )
  const { user, router } = renderPage('/projects/shop/environments')
  await user.click(await screen.findByRole('button', { name: 'Approve e94b7c0' }))
  expect(screen.getByText(/none of the project's\s+secret variables/)).toBeInTheDocument()
  await user.click(screen.getByRole('button', { name: 'Approve and build' }))
  await waitFor(() => expect(router.state.location.pathname).toBe('/projects/shop/deployments/dep_shop_40'))
  expect(approved).toHaveBeenCalledWith({ head: 'e94b7c02d15f8a36b0c7d8e9f1a2b3c4d5e6f708' })
})

test('a head that has moved is not approved, and the page says what to do', async () => {
  backend.use(
    http.post(APPROVE, () =>
      HttpResponse.json(
        problem({
          status: 409,
          code: 'head_moved',
          title: 'Something else stands in the way',
          detail: 'the pull request has another head by now',
          hint: 'look at the new commits, then approve the new head',
        }),
        { status: 409 },
      ),
    ),
  )
  const { user } = renderPage('/projects/shop/environments')
  await user.click(await screen.findByRole('button', { name: 'Approve e94b7c0' }))
  await user.click(screen.getByRole('button', { name: 'Approve and build' }))
  expect(await screen.findByRole('alert')).toHaveTextContent(
    'Look at the new commits, then approve the new head.',
  )
})

test('a declined request is gone from the page, and nothing was built', async () => {
  const { user } = renderPage('/projects/shop/environments')
  await user.click(await screen.findByRole('button', { name: 'Decline' }))
  await user.click(within(screen.getByRole('dialog')).getByRole('button', { name: 'Decline' }))
  await waitFor(() => expect(screen.queryByText(/is waiting for approval/)).toBeNull())
  expect(screen.getByText('#58 Larger buttons on phones')).toBeInTheDocument()
})

test('a preview shows its address, its newest deployment and its commit, and can be removed', async () => {
  const { user } = renderPage('/projects/shop/environments')
  const row = (await screen.findByText('#58 Larger buttons on phones')).closest('li') as HTMLElement
  expect(within(row).getByRole('link', { name: 'shop-pr-58.aether.localhost:3005' })).toBeInTheDocument()
  expect(await within(row).findByRole('link', { name: '#10' })).toBeInTheDocument()
  await user.click(within(row).getByRole('button', { name: 'Remove #58 Larger buttons on phones' }))
  await user.click(screen.getByRole('button', { name: 'Remove' }))
  await waitFor(() => expect(screen.queryByText('#58 Larger buttons on phones')).toBeNull())
})

test('a branch is previewed by hand', async () => {
  const asked = vi.fn()
  backend.use(
    http.post('*/api/v1/projects/docs/deployments', async ({ request }) => {
      asked(await request.clone().json())
      return undefined
    }),
  )
  const { user, router } = renderPage('/projects/docs/environments')
  await user.click(await screen.findByRole('button', { name: 'Preview a branch' }))
  await user.type(screen.getByLabelText('Branch'), 'next')
  await user.click(within(screen.getByRole('dialog')).getByRole('button', { name: 'Deploy' }))
  await waitFor(() => expect(router.state.location.pathname).toMatch(/\/deployments\/dep_docs_/))
  expect(asked).toHaveBeenCalledWith({ ref: 'next', preview: true })
})

test('an environment has a name for people', () => {
  const none = { kind: 'preview', name: 'pull-request:7', branch: null, pull_request: null } as const
  const request = { number: 7, title: null, url: null, from_fork: false }
  expect(environmentName({ ...none, kind: 'production' })).toBe('Production')
  expect(environmentName({ ...none, pull_request: request })).toBe('Pull request #7')
  expect(environmentName({ ...none, branch: 'docs' })).toBe('docs')
})
