// What a domain's owner has to enter at the DNS provider, over the mock backend.

import { screen, within } from '@testing-library/react'
import { HttpResponse, http } from 'msw'
import { expect, test } from 'vitest'
import { project } from '@/mock-api/examples'
import { renderPage } from '@/mock-api/render-page'
import { backend } from '@/mock-api/test-setup'

async function card(hostname: string): Promise<HTMLElement> {
  return (await screen.findByText(hostname, { selector: 'p > span' })).closest('section') as HTMLElement
}

function publicInstance() {
  backend.use(
    http.get('*/api/v1/projects/shop', () =>
      HttpResponse.json(project({ url: 'https://shop.apps.example.com' })),
    ),
  )
}

test('a new domain is told the record that proves it and the one that brings its visitors', async () => {
  publicInstance()
  renderPage('/projects/shop/settings/domains')
  const waiting = within(await card('www.shop.example'))
  expect(waiting.getByText('TXT')).toBeInTheDocument()
  expect(waiting.getByText('_aether-challenge.www.shop.example')).toBeInTheDocument()
  expect(waiting.getByText('CNAME')).toBeInTheDocument()
  expect(waiting.getByText('shop.apps.example.com')).toBeInTheDocument()
  expect(waiting.getByText(/use an ALIAS/)).toBeInTheDocument()
})

test('a verified domain keeps the record that points it here, and needs no proof', async () => {
  publicInstance()
  const { user } = renderPage('/projects/shop/settings/domains')
  const verified = within(await card('shop.example'))
  await user.click(verified.getByText('DNS record'))
  expect(verified.getByText('shop.apps.example.com')).toBeInTheDocument()
  expect(verified.queryByText('TXT')).toBeNull()
})

test('an instance that only its own machine knows hands out no record that cannot work', async () => {
  renderPage('/projects/shop/settings/domains')
  const waiting = within(await card('www.shop.example'))
  expect(waiting.getByText('AETHER_APPS_DOMAIN')).toBeInTheDocument()
  expect(waiting.getByText('TXT')).toBeInTheDocument()
  expect(waiting.queryByText('CNAME')).toBeNull()
})

test('a pasted address is taken for its domain, and one with other letters is shown in both forms', async () => {
  const { user } = renderPage('/projects/shop/settings/domains')
  await user.type(await screen.findByLabelText('Domain'), 'https://Müller.example/about')
  await user.click(screen.getByRole('button', { name: 'Add' }))
  const added = within(await card('müller.example'))
  expect(added.getByText('xn--mller-kva.example', { selector: 'code' })).toBeInTheDocument()
  expect(added.getByText('_aether-challenge.xn--mller-kva.example')).toBeInTheDocument()
})
