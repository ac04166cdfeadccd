import { expect, test } from 'vitest'
import type { Schemas } from '@/api/client'
import { diskTone, parts, summary } from './system-parts'

const healthy: Schemas['SystemStatus'] = {
  version: '0.1.0',
  apps_domain: 'aether.localhost',
  postgres: 'up',
  redis: 'up',
  queue: { queued: 0, running: 0, busy_workers: 0, oldest_queued_seconds: null },
  workers: [],
  proxies: [{ id: 'a', route_version: 7, in_flight: 2 }],
  route_version: 7,
  disk: null,
}

const tone = (change: Partial<Schemas['SystemStatus']>, name: string) =>
  parts({ ...healthy, ...change }).find((part) => part.name === name)?.tone

test('a healthy instance says so in one sentence', () => {
  expect(summary(parts(healthy)).title).toBe('Everything works')
})

test('a queue that nobody takes points at the worker, a short one does not', () => {
  const queue = { queued: 3, running: 0, busy_workers: 0, oldest_queued_seconds: 300 }
  expect(tone({ queue }, 'Worker')).toBe('bad')
  expect(tone({ queue: { ...queue, oldest_queued_seconds: 5 } }, 'Worker')).toBe('ok')
  expect(tone({ queue: { ...queue, running: 2 } }, 'Worker')).toBe('ok')
})

test('a proxy that is behind or silent is named', () => {
  expect(tone({ route_version: 8 }, 'Proxy')).toBe('warn')
  expect(tone({ proxies: [] }, 'Proxy')).toBe('warn')
})

test('the worst part sets the tone of the whole', () => {
  expect(summary(parts({ ...healthy, redis: 'down', proxies: [] }))).toMatchObject({
    tone: 'bad',
    title: 'Proxy and Redis need a look',
  })
})

test('a full disk is told before builds fail', () => {
  const disk = (free: number) => diskTone({ total_bytes: 100, free_bytes: free })
  expect([disk(50), disk(10), disk(2)]).toEqual(['ok', 'warn', 'bad'])
})
