// The figures of GET /system/status in plain words.

import type { Schemas } from '@/api/client'
import { sentence } from '@/components/problem-notice'
import type { Tone } from '@/ui/badge'

export type Part = { name: string; tone: Tone; state: string; says: string; version?: string | null }

/** From these shares on the disk has to be looked at: a build needs room for its dependencies. */
const DISK_WARN = 0.8
const DISK_BAD = 0.9
/** A queue that waits so long has no worker to take it. */
const STALLED_SECONDS = 60

export function parts(status: Schemas['SystemStatus']): Part[] {
  return [
    { name: 'API', tone: 'ok', state: 'Up', says: 'Serves this dashboard.', version: status.version },
    worker(status),
    proxy(status),
    {
      name: 'Postgres',
      ...(status.postgres === 'up' ? up : down),
      version: status.postgres_version,
      says:
        status.postgres === 'up'
          ? 'Stores projects, deployments and logs.'
          : 'Nothing can be changed until it is back. Sites stay online.',
    },
    {
      name: 'Redis',
      ...(status.redis === 'up' ? up : down),
      version: status.redis_version,
      says:
        status.redis === 'up'
          ? 'Notifies workers and carries live events.'
          : 'Builds start a few seconds later and logs update less often. Nothing is lost.',
    },
  ]
}

const up = { tone: 'ok', state: 'Up' } as const
const down = { tone: 'bad', state: 'Down' } as const

function worker({ queue, workers }: Schemas['SystemStatus']): Part {
  const waits = queue.oldest_queued_seconds ?? 0
  const stalled = queue.queued > 0 && queue.running === 0 && waits > STALLED_SECONDS
  if (stalled || workers?.length === 0) {
    return {
      name: 'Workers',
      tone: 'bad',
      state: 'Not responding',
      says: stalled
        ? 'Deployments are queued but none is building. Check that a worker is running.'
        : 'No worker is connected, so nothing can be built. Check that one is running.',
    }
  }
  const more = queue.queued > 0 ? `, ${queue.queued} queued` : ''
  const count = workers ? `${workers.length} connected, ` : ''
  const busy = queue.running > 0
  return {
    name: 'Workers',
    tone: 'ok',
    state: busy ? 'Building' : 'Idle',
    says: sentence(`${count}${busy ? `${queue.running} building` : 'nothing to build'}${more}`),
  }
}

function proxy({ proxies, route_version }: Schemas['SystemStatus']): Part {
  if (proxies.length === 0) {
    return {
      name: 'Proxy',
      tone: 'warn',
      state: 'Not responding',
      says: 'No proxy has reported lately. Sites may still be online with old routes. Check that it is running.',
    }
  }
  const behind = proxies.filter((one) => one.route_version < route_version).length
  const requests = proxies.reduce((sum, one) => sum + one.in_flight, 0)
  const count = proxies.length === 1 ? '' : `${proxies.length} running, `
  return {
    name: 'Proxy',
    tone: behind > 0 ? 'warn' : 'ok',
    state: behind > 0 ? 'Updating' : 'Up',
    says:
      behind > 0
        ? 'Loading the latest routes. This takes a few seconds.'
        : sentence(
            `${count}routes up to date, ${requests} active ${requests === 1 ? 'request' : 'requests'}`,
          ),
  }
}

export function diskTone(disk: Schemas['DiskStatus']): Tone {
  const used = 1 - disk.free_bytes / Math.max(1, disk.total_bytes)
  return used >= DISK_BAD ? 'bad' : used >= DISK_WARN ? 'warn' : 'ok'
}

/** The disk among what the summary counts. */
export function diskPart({ disk }: Schemas['SystemStatus']): Part[] {
  return disk ? [{ name: 'Disk', tone: diskTone(disk), state: '', says: '' }] : []
}

export function summary(all: Part[]): { tone: Tone; title: string; detail: string } {
  const troubled = all.filter((part) => part.tone !== 'ok').map((part) => part.name)
  if (troubled.length === 0) {
    return {
      tone: 'ok',
      title: 'All systems operational',
      detail: 'Ready to build, and sites are online.',
    }
  }
  const worst = all.some((part) => part.tone === 'bad') ? 'bad' : 'warn'
  return {
    tone: worst,
    title: `${troubled.join(' and ')} ${troubled.length > 1 ? 'need' : 'needs'} attention`,
    detail: 'See the details below.',
  }
}

type Worker = NonNullable<Schemas['SystemStatus']['workers']>[number]

const RUNTIMES: Record<string, string> = {
  docker: 'Docker containers',
  process: 'Sandboxed processes',
}

/** What a worker isolates with, and its statements about that: each once, the first one why it is this. */
export function runtimeText(worker: Pick<Worker, 'runtime' | 'runtime_reason'>): {
  name: string
  facts: { label: string | null; says: string }[]
} {
  // The lines of a worker's report come as one text, in which a label such as "Limits:" begins one.
  const lines = new Set(
    worker.runtime_reason
      .split(/(?<=[.!?])\s+(?=[A-Z][a-z]+:\s)/)
      .map((line) => line.trim().replace(/\.{2,}$/, '.'))
      .filter(Boolean),
  )
  return {
    name: RUNTIMES[worker.runtime] ?? worker.runtime,
    facts: [...lines].map((line) => {
      const [, label = null, says = line] = /^([A-Z][a-z]+):\s+(.*)$/s.exec(line) ?? []
      return { label, says: sentence(says) }
    }),
  }
}

/** "Idle", "Building 2 of 4". */
export function workerState({ running, concurrency }: Pick<Worker, 'running' | 'concurrency'>): string {
  return running > 0 ? `Building ${running} of ${concurrency}` : 'Idle'
}
