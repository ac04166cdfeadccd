import { screen, waitFor, within } from '@testing-library/react'
import { HttpResponse, http } from 'msw'
import { expect, test, vi } from 'vitest'
import { project } from '@/mock-api/examples'
import { renderPage } from '@/mock-api/render-page'
import { backend } from '@/mock-api/test-setup'

test('what only a running app has is folded away for a static site', async () => {
  renderPage('/projects/shop/settings/runtime')
  const settings = (await screen.findByText('Server app settings')).closest('details') as HTMLDetailsElement
  expect(settings.open).toBe(false)
  expect(within(settings).getByLabelText('Replicas')).toBeInTheDocument()
  expect(within(settings).queryByLabelText('Build timeout (seconds)')).toBeNull()
})

test('replicas of an app are saved with what each may use', async () => {
  const saved = vi.fn()
  backend.use(
    http.patch('*/api/v1/projects/orders-api', async ({ request }) => {
      saved(await request.clone().json())
      return undefined
    }),
  )
  const { user } = renderPage('/projects/orders-api/settings/runtime')
  const replicas = await screen.findByLabelText('Replicas')
  expect(screen.queryByText('Server app settings')).toBeNull()
  await user.clear(replicas)
  await user.type(replicas, '3')
  await user.click(within(replicas.closest('section') as HTMLElement).getByRole('button', { name: 'Save' }))
  await waitFor(() =>
    expect(saved).toHaveBeenCalledWith({ replicas: 3, app_limits: expect.objectContaining({ pids: 256 }) }),
  )
})

test.each([
  ['a static site', project({ kind: 'static' }), /no app runs/],
  ['an app without Docker', project({ kind: 'server' }), /apps as sandboxed processes/],
])('a volume is not offered to %s', async (_, of, why) => {
  backend.use(http.get('*/api/v1/projects/shop', () => HttpResponse.json(of)))
  renderPage('/projects/shop/settings/storage')
  expect(await screen.findByText(why)).toBeInTheDocument()
  expect(screen.queryByRole('button', { name: 'Add a volume' })).toBeNull()
})

test('a volume is offered to an app with Docker', async () => {
  const app = project({ kind: 'server', runtime: 'docker' })
  backend.use(http.get('*/api/v1/projects/shop', () => HttpResponse.json(app)))
  renderPage('/projects/shop/settings/storage')
  expect(await screen.findByRole('button', { name: 'Add a volume' })).toBeInTheDocument()
})
