import { expect, test } from 'vitest'
import type { Schemas } from '@/api/client'
import { diskPart, diskTone, parts, runtimeText, summary, workerState } from './system-parts'

const healthy: Schemas['SystemStatus'] = {
  version: '0.1.0',
  apps_domain: 'aether.localhost',
  postgres: 'up',
  postgres_version: '17.2',
  redis: 'up',
  redis_version: '8.0.1',
  workers: null,
  queue: { queued: 0, running: 0, busy_workers: 0, oldest_queued_seconds: null },
  proxies: [{ id: 'a', route_version: 7, in_flight: 2 }],
  route_version: 7,
  disk: null,
}

const tone = (change: Partial<Schemas['SystemStatus']>, name: string) =>
  parts({ ...healthy, ...change }).find((part) => part.name === name)?.tone

test('a healthy instance says so in one sentence', () => {
  expect(summary(parts(healthy)).title).toBe('All systems operational')
})

test('a queue that nobody takes points at the worker, a short one does not', () => {
  const queue = { queued: 3, running: 0, busy_workers: 0, oldest_queued_seconds: 300 }
  expect(tone({ queue }, 'Workers')).toBe('bad')
  expect(tone({ queue: { ...queue, oldest_queued_seconds: 5 } }, 'Workers')).toBe('ok')
  expect(tone({ queue: { ...queue, running: 2 } }, 'Workers')).toBe('ok')
})

test('a proxy that is behind or silent is named', () => {
  expect(tone({ route_version: 8 }, 'Proxy')).toBe('warn')
  expect(tone({ proxies: [] }, 'Proxy')).toBe('warn')
})

test('the worst part sets the tone of the whole', () => {
  expect(summary(parts({ ...healthy, redis: 'down', proxies: [] }))).toMatchObject({
    tone: 'bad',
    title: 'Proxy and Redis need attention',
  })
})

test('a full disk is told before builds fail', () => {
  const disk = (free: number) => diskTone({ total_bytes: 100, free_bytes: free })
  expect([disk(50), disk(21), disk(20), disk(16), disk(10), disk(2)]).toEqual([
    'ok',
    'ok',
    'warn',
    'warn',
    'bad',
    'bad',
  ])
})

test('a disk that fills up is no part of a healthy instance', () => {
  const disk = { total_bytes: 100, free_bytes: 16 }
  expect(summary([...parts(healthy), ...diskPart({ ...healthy, disk })]).title).toBe('Disk needs attention')
})

test('no worker at all is told from an idle one', () => {
  expect(tone({ workers: [] }, 'Workers')).toBe('bad')
  expect(tone({ workers: null }, 'Workers')).toBe('ok')
})

test('a worker says what it does and how it isolates', () => {
  expect(workerState({ running: 0, concurrency: 2 })).toBe('Idle')
  expect(workerState({ running: 1, concurrency: 2 })).toBe('Building 1 of 2')
  expect(runtimeText({ runtime: 'docker', runtime_reason: '' })).toEqual({
    name: 'Docker containers',
    facts: [],
  })
})

test('what a worker reports about its isolation is one statement a line, each once', () => {
  const note = "Note: the machine's network is shared. Docker isolates more."
  const runtime_reason = `no Docker engine answers. Sandbox: bubblewrap 0.8.0, user aether (1001). ${note}. ${note}`
  expect(runtimeText({ runtime: 'process', runtime_reason }).facts).toEqual([
    { label: null, says: 'No Docker engine answers.' },
    { label: 'Sandbox', says: 'Bubblewrap 0.8.0, user aether (1001).' },
    { label: 'Note', says: "The machine's network is shared. Docker isolates more." },
  ])
})
