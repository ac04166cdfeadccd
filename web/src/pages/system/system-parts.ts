// The figures of GET /system/status in plain words.

import type { Schemas } from '@/api/client'
import type { Tone } from '@/ui/badge'

export type Part = { name: string; tone: Tone; state: string; says: string; version?: string | null }

/** Above these shares of the disk builds begin to fail. */
const DISK_WARN = 0.85
const DISK_BAD = 0.95
/** A queue that waits so long has no worker to take it. */
const STALLED_SECONDS = 60

export function parts(status: Schemas['SystemStatus']): Part[] {
  return [
    { name: 'API', tone: 'ok', state: 'up', says: 'Answers this page.', version: status.version },
    worker(status),
    proxy(status),
    {
      name: 'Postgres',
      ...(status.postgres === 'up' ? up : down),
      version: status.postgres_version,
      says:
        status.postgres === 'up'
          ? 'Keeps projects, deployments and logs.'
          : 'Nothing can be changed until it is back. Sites go on being served.',
    },
    {
      name: 'Redis',
      ...(status.redis === 'up' ? up : down),
      version: status.redis_version,
      says:
        status.redis === 'up'
          ? 'Wakes workers and carries live events.'
          : 'Builds start some seconds later and logs come in steps; nothing is lost.',
    },
  ]
}

const up = { tone: 'ok', state: 'up' } as const
const down = { tone: 'bad', state: 'down' } as const

function worker({ queue, workers }: Schemas['SystemStatus']): Part {
  const waits = queue.oldest_queued_seconds ?? 0
  const stalled = queue.queued > 0 && queue.running === 0 && waits > STALLED_SECONDS
  if (stalled || workers?.length === 0) {
    return {
      name: 'Workers',
      tone: 'bad',
      state: 'none takes work',
      says: stalled
        ? 'Deployments wait and nobody builds. Look whether a worker is running.'
        : 'No worker has reported lately; nothing can be built. Look whether one is running.',
    }
  }
  const more = queue.queued > 0 ? `; ${queue.queued} more wait for their turn` : ''
  const count = workers ? `${workers.length === 1 ? 'One is' : `${workers.length} are`} there; ` : ''
  const busy = queue.running > 0
  return {
    name: 'Workers',
    tone: 'ok',
    state: busy ? 'building' : 'idle',
    says: `${count}${busy ? `${queue.running} being built${more}` : 'nothing to build right now'}.`,
  }
}

function proxy({ proxies, route_version }: Schemas['SystemStatus']): Part {
  if (proxies.length === 0) {
    return {
      name: 'Proxy',
      tone: 'warn',
      state: 'no report',
      says: 'No proxy has reported lately. It may still serve what it knew; look whether it is running.',
    }
  }
  const behind = proxies.filter((one) => one.route_version < route_version).length
  const requests = proxies.reduce((sum, one) => sum + one.in_flight, 0)
  const count = proxies.length === 1 ? 'It serves' : `${proxies.length} of them serve`
  return {
    name: 'Proxy',
    tone: behind > 0 ? 'warn' : 'ok',
    state: behind > 0 ? 'catching up' : 'up',
    says:
      behind > 0
        ? 'It does not have the newest routes yet; this passes within seconds.'
        : `${count} the newest routes, ${requests} ${requests === 1 ? 'request' : 'requests'} in flight.`,
  }
}

export function diskTone(disk: Schemas['DiskStatus']): Tone {
  const used = 1 - disk.free_bytes / Math.max(1, disk.total_bytes)
  return used > DISK_BAD ? 'bad' : used > DISK_WARN ? 'warn' : 'ok'
}

export function summary(all: Part[]): { tone: Tone; title: string; detail: string } {
  const troubled = all.filter((part) => part.tone !== 'ok').map((part) => part.name)
  if (troubled.length === 0) {
    return { tone: 'ok', title: 'Everything works', detail: 'Deployments are built and sites are served.' }
  }
  const worst = all.some((part) => part.tone === 'bad') ? 'bad' : 'warn'
  return {
    tone: worst,
    title: `${troubled.join(' and ')} ${troubled.length > 1 ? 'need' : 'needs'} a look`,
    detail: 'The cards below say what it means.',
  }
}

type Worker = NonNullable<Schemas['SystemStatus']['workers']>[number]

const RUNTIMES: Record<string, { name: string; says: string }> = {
  docker: {
    name: 'Docker',
    says: 'Builds and apps run in containers, each project in a network of its own.',
  },
  process: {
    name: 'Sandboxed processes',
    says: 'Builds and apps run in a sandbox without Docker. It isolates less: they share the network of the machine.',
  },
}

/** What a worker isolates with, in words. */
export function runtimeText(worker: Pick<Worker, 'runtime'>): { name: string; says: string } {
  return RUNTIMES[worker.runtime] ?? { name: worker.runtime, says: '' }
}

/** "idle", "building 2 of 4". */
export function workerState({ running, concurrency }: Pick<Worker, 'running' | 'concurrency'>): string {
  return running > 0 ? `building ${running} of ${concurrency}` : 'idle'
}
