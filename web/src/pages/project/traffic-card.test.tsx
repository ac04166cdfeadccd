// The overview's figures, over the mock backend.

import { fireEvent, screen } from '@testing-library/react'
import { HttpResponse, http } from 'msw'
import { expect, test } from 'vitest'
import { renderPage } from '@/mock-api/render-page'
import { backend } from '@/mock-api/test-setup'
import { cpusBetween } from './use-app-usage'

const NOTHING = {
  proxies: 1,
  step_seconds: 60,
  points: [],
  total: { requests: 0, errors: 0, sent_bytes: 0, p50_at_most_ms: null, p99_at_most_ms: null },
}

test('the chart says each point in words, by the keyboard too', async () => {
  const at = (minutes: number) => new Date(Date.UTC(2026, 10, 21, 12, minutes)).toISOString()
  const one = { requests: 1, errors: 0, sent_bytes: 2048, p50_at_most_ms: 5, p99_at_most_ms: 5 }
  const two = { requests: 4, errors: 1, sent_bytes: 300, p50_at_most_ms: 5, p99_at_most_ms: 2500 }
  backend.use(
    http.get('*/api/v1/projects/shop/traffic', () =>
      HttpResponse.json({
        ...NOTHING,
        points: [
          { at: at(1), ...one },
          { at: at(2), ...two },
        ],
        total: { requests: 5, errors: 1, sent_bytes: 2348, p50_at_most_ms: 5, p99_at_most_ms: null },
      }),
    ),
  )
  renderPage('/projects/shop')
  const chart = await screen.findByRole('slider', { name: 'Requests over time' })
  expect(chart.getAttribute('aria-valuetext')).toMatch(/: 4 requests, 1 error, 300 B sent, 99 % in ≤ 2.5 s$/)
  fireEvent.keyDown(chart, { key: 'ArrowLeft' })
  expect(chart.getAttribute('aria-valuetext')).toMatch(/: 1 request, no error, 2.0 KiB sent/)
  expect(screen.getByText('20 %')).toBeInTheDocument()
  expect(screen.getByText('over 10 s')).toBeInTheDocument()
})

test('without a visitor a sentence stands in the place of the chart', async () => {
  backend.use(http.get('*/api/v1/projects/shop/traffic', () => HttpResponse.json(NOTHING)))
  renderPage('/projects/shop')
  expect(await screen.findByText(/No visitor in the last hour/)).toBeInTheDocument()
})

test('without a proxy it is said that nobody counts', async () => {
  backend.use(http.get('*/api/v1/projects/shop/traffic', () => HttpResponse.json({ ...NOTHING, proxies: 0 })))
  renderPage('/projects/shop')
  expect(await screen.findByText(/No proxy reports at the moment/)).toBeInTheDocument()
})

test('processors are the difference of two looks', () => {
  const app = {
    instance_id: 'ins_1',
    deployment_id: 'dep_1',
    cpu_nanos: 3e9,
    memory_bytes: 0,
    memory_limit_bytes: 0,
    network_received_bytes: 0,
    network_sent_bytes: 0,
    processes: 1,
  }
  expect(cpusBetween({ at: 0, apps: [] }, app, 1000)).toBeNull()
  expect(cpusBetween({ at: 1000, apps: [{ ...app, cpu_nanos: 1e9 }] }, app, 5000)).toBe(0.5)
})
