// How the app is doing right now and what it uses. A static site has no copies that could be ill.

import { api, type Schemas } from '@/api/client'
import { TimeAgo } from '@/components/time-ago'
import { bytes } from '@/lib/bytes'
import { Badge, StatusDot, type Tone } from '@/ui/badge'
import { Card, CardHeader } from '@/ui/card'
import { Meter } from '@/ui/meter'
import { Skeleton } from '@/ui/skeleton'
import { type CopyUsage, useAppUsage } from './use-app-usage'
import { useCurrentProject } from './use-current-project'

type Instance = Schemas['Instance']

const REFRESH_MS = 10_000
/** Share of the memory limit from which an app is close to being stopped. */
const NEARLY_FULL = 0.9

const STATES: Record<Instance['state'], { tone: Tone; label: string; says: string }> = {
  starting: { tone: 'info', label: 'Starting', says: 'Launched; its health check has not passed yet.' },
  healthy: { tone: 'ok', label: 'Healthy', says: 'Answers its health check.' },
  unhealthy: { tone: 'bad', label: 'Not answering', says: 'It runs, but its health check fails.' },
  crash_looping: { tone: 'bad', label: 'Crashing', says: 'It ends again and again; the log says why.' },
  draining: { tone: 'idle', label: 'Finishing', says: 'Ends its last requests, then stops.' },
  stopped: { tone: 'idle', label: 'Stopped', says: 'It is gone.' },
}

export function HealthCard() {
  const { slug, live_deployment: live } = useCurrentProject()
  const isApp = live?.plan != null && live.plan.kind !== 'static'
  const instances = api.useQuery(
    'get',
    '/api/v1/projects/{project}/instances',
    { params: { path: { project: slug } } },
    { refetchInterval: REFRESH_MS, enabled: isApp },
  )
  const usage = useAppUsage(slug, isApp)
  if (!live) return null
  return (
    <Card>
      <CardHeader title="Health" />
      {!isApp ? (
        <p className="flex gap-2.5 p-5 text-ink-2 text-sm">
          <span className="mt-1.5 flex self-start">
            <StatusDot tone="ok" />
          </span>
          Static files, served by the proxy itself; nothing runs that could fail.
        </p>
      ) : instances.data ? (
        <Copies instances={instances.data.items} usage={usage} />
      ) : (
        <div className="p-5">
          <Skeleton className="h-10" />
        </div>
      )}
    </Card>
  )
}

function Copies({ instances, usage }: { instances: Instance[]; usage: Map<string, CopyUsage> }) {
  if (!instances.some((one) => one.live)) {
    return (
      <p className="flex gap-2.5 p-5 text-ink-2 text-sm">
        <span className="mt-1.5 flex self-start">
          <StatusDot tone="warn" />
        </span>
        No copy of the app is running. A worker starts one within seconds; if not, look at System.
      </p>
    )
  }
  return (
    <ul className="divide-y">
      {instances.map((instance) => (
        <Copy key={instance.id} instance={instance} usage={usage.get(instance.id)} />
      ))}
    </ul>
  )
}

function Copy({ instance, usage }: { instance: Instance; usage: CopyUsage | undefined }) {
  const { tone, label, says } = STATES[instance.state]
  return (
    <li className="flex flex-wrap items-start justify-between gap-x-4 gap-y-1 px-5 py-3.5 text-sm">
      <div className="min-w-0">
        <p className="flex items-center gap-2.5 font-medium">
          <StatusDot tone={tone} busy={instance.state === 'starting'} />
          {label}
          {!instance.live && <Badge>kept warm</Badge>}
        </p>
        <p className="mt-0.5 text-ink-2">{says}</p>
        {instance.last_exit && instance.restarts > 0 && (
          <p className="mt-0.5 text-[13px] text-ink-3">Last time it ended: {instance.last_exit}.</p>
        )}
      </div>
      <p className="text-[13px] text-ink-3">
        #{instance.deployment_number} · {instance.runtime} · up <TimeAgo at={instance.created_at} />
        {instance.restarts > 0 &&
          ` · ${instance.restarts} ${instance.restarts === 1 ? 'restart' : 'restarts'}`}
      </p>
      {usage && <Usage usage={usage} />}
    </li>
  )
}

function Usage({ usage }: { usage: CopyUsage }) {
  const share = usage.memory_limit_bytes > 0 ? usage.memory_bytes / usage.memory_limit_bytes : 0
  return (
    <div className="mt-2.5 w-full tabular-nums">
      <Meter label="Memory in use" share={share} tone={share > NEARLY_FULL ? 'warn' : 'ok'}>
        Memory: {bytes(usage.memory_bytes)} of {bytes(usage.memory_limit_bytes)}
      </Meter>
      <p className="mt-0.5 text-ink-2 text-sm">
        Processor: {usage.cpus === null ? 'being measured' : `${usage.cpus.toFixed(2)} cores`} ·{' '}
        {usage.processes} {usage.processes === 1 ? 'process' : 'processes'}
      </p>
    </div>
  )
}
