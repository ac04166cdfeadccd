// What a domain's owner has to enter at the DNS provider, over the mock backend.

import { screen, within } from '@testing-library/react'
import { HttpResponse, http } from 'msw'
import { expect, test } from 'vitest'
import { project } from '@/mock-api/examples'
import { renderPage } from '@/mock-api/render-page'
import { backend } from '@/mock-api/test-setup'

async function card(hostname: string): Promise<HTMLElement> {
  return (await screen.findByText(hostname, { selector: 'p' })).closest('section') as HTMLElement
}

test('a new domain is told the record that proves it and the one that brings its visitors', async () => {
  backend.use(
    http.get('*/api/v1/projects/shop', () =>
      HttpResponse.json(project({ url: 'https://shop.apps.example.com' })),
    ),
  )
  renderPage('/projects/shop/settings/domains')
  const waiting = within(await card('www.shop.example'))
  expect(waiting.getByText('TXT')).toBeInTheDocument()
  expect(waiting.getByText('_aether-challenge.www.shop.example')).toBeInTheDocument()
  expect(waiting.getByText('CNAME')).toBeInTheDocument()
  expect(waiting.getByText('shop.apps.example.com')).toBeInTheDocument()
  expect(waiting.getByText(/takes an ALIAS/)).toBeInTheDocument()
})

test('a verified domain keeps the record where it has to point, and needs no proof', async () => {
  const { user } = renderPage('/projects/shop/settings/domains')
  const verified = within(await card('shop.example'))
  await user.click(verified.getByText('Where it has to point'))
  expect(verified.getByText('shop.aether.localhost')).toBeInTheDocument()
  expect(verified.getByText(/only this machine knows/)).toBeInTheDocument()
  expect(verified.queryByText('TXT')).toBeNull()
})
