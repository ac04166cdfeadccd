import { screen, waitFor, within } from '@testing-library/react'
import { HttpResponse, http } from 'msw'
import { expect, test } from 'vitest'
import { renderPage } from '@/mock-api/render-page'
import { backend } from '@/mock-api/test-setup'

const FAILED = '/projects/landing/deployments/dep_landing_6'
const LIVE = '/projects/shop/deployments/dep_shop_12'

function log(texts: string[]) {
  const line = (text: string, index: number) =>
    `id: ${index + 1}\nevent: log\ndata: ${JSON.stringify({ seq: index + 1, at: '2026-01-01T00:00:00Z', stream: 'stdout', text })}\n\n`
  const body = `${texts.map(line).join('')}event: end\ndata: {}\n\n`
  backend.use(
    http.get(
      '*/api/v1/deployments/:id/logs',
      () => new HttpResponse(body, { headers: { 'content-type': 'text/event-stream' } }),
    ),
  )
}

test('a failed deployment tells what happened, where, and what to do next', async () => {
  renderPage(FAILED)
  const alert = await screen.findByRole('alert')
  expect(alert).toHaveTextContent('The build command failed')
  expect(alert).toHaveTextContent('What to do: Check that src/Prices exists')
  expect(alert).toHaveTextContent('In the step “build”')
})

test('steps that were never reached say so', async () => {
  renderPage(FAILED)
  const route = await screen.findByRole('button', { name: /Route/ })
  expect(route).toBeDisabled()
  expect(route).toHaveTextContent('not reached')
  expect(screen.getByRole('button', { name: /Build/ })).toHaveTextContent('failed')
})

test('input_101_the text of a log line never becomes markup', async () => {
  log(['<img src=x onerror="window.pwned = true"><script>window.pwned = true</script>'])
  renderPage(LIVE)
  const viewer = await screen.findByRole('log')
  await within(viewer).findByText(/<img src=x/)
  expect(viewer.querySelector('img, script')).toBeNull()
  expect('pwned' in window).toBe(false)
})

test('a search marks its matches and tells how many there are', async () => {
  log(['alpha', 'beta error', 'gamma', 'another error'])
  const { user } = renderPage(LIVE)
  await screen.findByText('gamma')
  await user.type(screen.getByLabelText('Search the log'), 'error')
  expect(await screen.findByText('1 of 2')).toBeInTheDocument()
  expect(screen.getAllByText('error', { selector: 'mark' })).toHaveLength(2)
  await user.keyboard('{Enter}')
  expect(await screen.findByText('2 of 2')).toBeInTheDocument()
})

test('a picked line stands in the address, so that it can be shared', async () => {
  log(['one', 'two', 'three'])
  const { user } = renderPage(LIVE)
  await user.click(await screen.findByLabelText('Line 2'))
  expect(location.hash).toBe('#L2')
  await user.click(screen.getByLabelText('Line 2'))
  expect(location.hash).toBe('')
})

test('an earlier release can be brought back, and the way back is one click', async () => {
  const { user } = renderPage('/projects/shop/deployments/dep_shop_11')
  await user.click(await screen.findByRole('button', { name: 'Roll back to this' }))
  expect((await screen.findAllByText('#11 is live')).length).toBeGreaterThan(0)
  // The corner with the messages takes clicks a moment after the first message is in it.
  await waitFor(() => user.click(screen.getByRole('button', { name: 'Undo' })))
  expect((await screen.findAllByText('#12 is live')).length).toBeGreaterThan(0)
})

test('a deployment that is not there is told from a fault', async () => {
  renderPage('/projects/shop/deployments/dep_nobody')
  expect(await screen.findByText('There is no such deployment')).toBeInTheDocument()
})

test('the page is named after the deployment', async () => {
  renderPage(LIVE)
  await waitFor(() => expect(document.title).toBe('#12 · Shop · Aether'))
})
