// What a domain's owner has to enter at the DNS provider, and what was found there, over the mock backend.

import { act, fireEvent, screen, waitFor, within } from '@testing-library/react'
import { HttpResponse, http } from 'msw'
import { expect, test, vi } from 'vitest'
import { queryClient, type Schemas } from '@/api/client'
import { signedIn } from '@/api/session'
import { user as person } from '@/mock-api/examples'
import { everyDomain, exampleDomain } from '@/mock-api/handlers-domains'
import { renderPage } from '@/mock-api/render-page'
import { backend } from '@/mock-api/test-setup'

type Domain = Schemas['Domain']

const PAGE = '/projects/shop/settings/domains'

async function card(hostname: string): Promise<HTMLElement> {
  return (await screen.findByRole('heading', { name: hostname })).closest('section') as HTMLElement
}

/** The project's domains, which a test may change while the page is open. */
function serve(...items: Domain[]) {
  const served = { items, next_cursor: null }
  backend.use(http.get('*/api/v1/projects/shop/domains', () => HttpResponse.json(served)))
  return served
}

function look() {
  return queryClient.invalidateQueries({ queryKey: ['get', '/api/v1/projects/{project}/domains'] })
}

test('a new domain is told the record that proves it and the one that brings its visitors', async () => {
  serve(...everyDomain())
  renderPage(PAGE)
  const waiting = within(await card('www.shop.example'))
  expect(waiting.getByText('Waiting for DNS')).toBeInTheDocument()
  expect(waiting.queryByRole('link')).toBeNull()
  expect(waiting.getAllByText('Open')).toHaveLength(2)
  expect(waiting.getByText('TXT')).toBeInTheDocument()
  expect(waiting.getByText('_aether-challenge.www.shop.example')).toBeInTheDocument()
  expect(waiting.getByText('CNAME')).toBeInTheDocument()
  expect(waiting.getByText('shop.apps.example.com')).toBeInTheDocument()
  expect(waiting.getByText(/use an ALIAS/)).toBeInTheDocument()
  expect(waiting.getByText("The TXT record isn't there yet")).toBeInTheDocument()
})

test('an active domain is a link, and keeps its records out of sight', async () => {
  serve(...everyDomain())
  const { user } = renderPage(PAGE)
  const active = within(await card('shop.example'))
  expect(active.getByText('Active')).toBeInTheDocument()
  expect(active.getByRole('link', { name: 'shop.example' })).toHaveAttribute('href', 'https://shop.example')
  expect(active.getByText('203.0.113.7')).not.toBeVisible()
  await user.click(active.getByText('DNS records'))
  expect(active.getByText('203.0.113.7')).toBeVisible()
  expect(active.getByText('AAAA')).toBeVisible()
  expect(active.queryByText(/use an ALIAS/)).toBeNull()
  expect(active.queryByRole('button', { name: /Check/ })).toBeNull()
})

test('a domain that leads elsewhere is verified, and says where it leads', async () => {
  serve(...everyDomain())
  renderPage(PAGE)
  const misdirected = within(await card('old.shop.example'))
  expect(misdirected.getByText('Not pointing here')).toBeInTheDocument()
  expect(misdirected.getByRole('link', { name: 'old.shop.example' })).toBeInTheDocument()
  expect(misdirected.getByText('Done')).toBeInTheDocument()
  expect(misdirected.getByText(/^Verified/)).toHaveTextContent('Verified 2 days ago.')
  expect(misdirected.queryByText('TXT')).toBeNull()
  expect(misdirected.getByText('CNAME')).toBeInTheDocument()
  expect(misdirected.getByText(/has 198.51.100.20/)).toBeInTheDocument()
  expect(misdirected.getByText(/Behind a CDN/)).toBeInTheDocument()
})

test('a domain whose TXT record has gone says until when it answers', async () => {
  serve(...everyDomain())
  renderPage(PAGE)
  const expiring = within(await card('mail.shop.example'))
  expect(expiring.getByText('Verification record missing')).toBeInTheDocument()
  expect(expiring.getByText('TXT')).toBeInTheDocument()
  expect(expiring.getByText('The TXT record is no longer there')).toBeInTheDocument()
  expect(expiring.getByText(/stops answering/)).toHaveTextContent(
    'The domain stops answering in 21 hours unless the record comes back.',
  )
})

test('before the first look there is no finding', async () => {
  serve(exampleDomain('new.shop.example'))
  renderPage(PAGE)
  const young = within(await card('new.shop.example'))
  expect(young.getByText('Looking up DNS…')).toBeInTheDocument()
  expect(young.getByText('Not checked yet')).toBeInTheDocument()
})

test('an instance that only its own machine knows hands out no record that cannot work', async () => {
  renderPage(PAGE)
  const waiting = within(await card('www.shop.example'))
  expect(waiting.getByText('AETHER_APPS_DOMAIN')).toBeInTheDocument()
  expect(waiting.getByText('TXT')).toBeInTheDocument()
  expect(waiting.queryByText('CNAME')).toBeNull()
})

test('a pasted address is taken for its domain, and one with other letters is shown in both forms', async () => {
  const { user } = renderPage(PAGE)
  await user.type(await screen.findByLabelText('Domain'), 'https://Müller.example/about')
  await user.click(screen.getByRole('button', { name: 'Add' }))
  const added = within(await card('müller.example'))
  expect(added.getByText('xn--mller-kva.example', { selector: 'code' })).toBeInTheDocument()
  expect(added.getByText('_aether-challenge.xn--mller-kva.example')).toBeInTheDocument()
})

test('a check is at work until the look has ended, and shows what it found', async () => {
  const [old] = everyDomain().filter((domain) => domain.status === 'misdirected') as [Domain]
  const served = serve(old)
  const asked = vi.fn()
  backend.use(
    http.post('*/api/v1/projects/shop/domains/old.shop.example/check', () => {
      asked()
      return HttpResponse.json({ ...old, next_check_at: new Date().toISOString() }, { status: 202 })
    }),
  )
  const { user } = renderPage(PAGE)
  const button = await screen.findByRole('button', { name: 'Check now: old.shop.example' })
  await user.click(button)
  await waitFor(() => expect(asked).toHaveBeenCalledOnce())
  expect(button).toHaveAttribute('aria-busy', 'true')
  expect(screen.getByText('Checking DNS…')).toBeInTheDocument()
  await user.click(button)
  expect(asked).toHaveBeenCalledOnce()
  expect(button).toHaveFocus()

  const problem = {
    code: 'domain_address_missing',
    title: 'The domain has no address yet',
    detail: 'DNS has no address for old.shop.example, so nobody finds it.',
    hint: 'Add the record that points it here.',
  }
  served.items = [{ ...old, problem, checked_at: new Date().toISOString() }]
  await look()
  expect(await screen.findByText('The domain has no address yet')).toBeInTheDocument()
  expect(button).toHaveAttribute('aria-busy', 'false')
  expect(screen.getByText('Checked: The domain has no address yet')).toHaveRole('status')
})

test('a check that never ends is not waited for', async () => {
  serve(...everyDomain())
  renderPage(PAGE)
  const button = await screen.findByRole('button', { name: 'Check now: www.shop.example' })
  vi.useFakeTimers({ shouldAdvanceTime: true, toFake: ['setTimeout', 'clearTimeout'] })
  try {
    fireEvent.click(button)
    await waitFor(() => expect(button).toHaveAttribute('aria-busy', 'true'))
    await act(() => vi.advanceTimersByTimeAsync(20_000))
  } finally {
    vi.useRealTimers()
  }
  expect(button).toHaveAttribute('aria-busy', 'false')
  expect(screen.getAllByText(/hasn't finished after 20 seconds/)).not.toHaveLength(0)
})

test('a check that is refused says why', async () => {
  serve(...everyDomain())
  backend.use(
    http.post('*/api/v1/projects/shop/domains/:hostname/check', () =>
      HttpResponse.json(
        { code: 'not_found', status: 404, title: 'Not found', detail: 'there is no such domain' },
        { status: 404 },
      ),
    ),
  )
  const { user } = renderPage(PAGE)
  await user.click(await screen.findByRole('button', { name: 'Check now: www.shop.example' }))
  expect(await screen.findByRole('alert')).toHaveTextContent('There is no such domain.')
  expect(screen.queryByText('Checking DNS…')).toBeNull()
})

test('a domain that has gone live says so once, and the keyboard goes on at its name', async () => {
  const { user } = renderPage(PAGE)
  await user.click(await screen.findByRole('button', { name: 'Check now: www.shop.example' }))
  expect(await screen.findByText('www.shop.example is live')).toBeInTheDocument()
  expect(screen.getByRole('button', { name: 'Visit' })).toBeInTheDocument()
  const live = within(await card('www.shop.example'))
  expect(live.getByText('Active')).toBeInTheDocument()
  expect(live.getByRole('link', { name: 'www.shop.example' })).toHaveFocus()
  await look()
  expect(screen.getAllByText('www.shop.example is live')).toHaveLength(1)
})

test('a domain in trouble is told to those who do not see its badge', async () => {
  const [old] = everyDomain().filter((domain) => domain.status === 'misdirected') as [Domain]
  const served = serve({ ...old, status: 'active', problem: null })
  renderPage(PAGE)
  await card('old.shop.example')
  served.items = [old]
  await look()
  expect(await screen.findByText('old.shop.example: Not pointing here')).toHaveRole('status')
})

test('a viewer reads how far a domain is and cannot have it looked at', async () => {
  signedIn({ token: 'test.access.token', user: person({ role: 'viewer' }) })
  renderPage(PAGE)
  const waiting = within(await card('www.shop.example'))
  expect(waiting.getByText(/^Checked/)).toBeInTheDocument()
  expect(screen.queryByRole('button', { name: /Check now/ })).toBeNull()
  expect(screen.queryByRole('button', { name: /Remove/ })).toBeNull()
  expect(screen.queryByLabelText('Domain')).toBeNull()
})

test('the overview says what a domain waits for and where to go on', async () => {
  serve(...everyDomain())
  renderPage('/projects/shop')
  const domains = within(
    (await screen.findByRole('heading', { name: 'Domains' })).closest('section') as HTMLElement,
  )
  expect(await domains.findByText("The TXT record isn't there yet")).toBeInTheDocument()
  expect(domains.getByText(/Stops answering/)).toHaveTextContent('Stops answering in 21 hours')
  expect(domains.getByText('Not pointing here')).toBeInTheDocument()
  expect(domains.getByRole('link', { name: 'shop.example' })).toHaveAttribute('href', 'https://shop.example')
  expect(domains.queryByRole('link', { name: 'www.shop.example' })).toBeNull()
  expect(domains.getAllByRole('link', { name: 'Details' })).toHaveLength(3)
})
