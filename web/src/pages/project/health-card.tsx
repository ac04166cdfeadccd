// How the app is doing right now. A static site has no copies that could be ill.

import { api, type Schemas } from '@/api/client'
import { TimeAgo } from '@/components/time-ago'
import { Badge, StatusDot, type Tone } from '@/ui/badge'
import { Card, CardHeader } from '@/ui/card'
import { Skeleton } from '@/ui/skeleton'
import { useCurrentProject } from './use-current-project'

type Instance = Schemas['Instance']

const REFRESH_MS = 10_000

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
  if (!live) return null
  return (
    <Card>
      <CardHeader title="Health" />
      {!isApp ? (
        <p className="flex items-center gap-2.5 p-5 text-ink-2 text-sm">
          <StatusDot tone="ok" /> Static files, served by the proxy itself; nothing runs that could fail.
        </p>
      ) : instances.data ? (
        <Copies instances={instances.data.items} />
      ) : (
        <div className="p-5">
          <Skeleton className="h-10" />
        </div>
      )}
    </Card>
  )
}

function Copies({ instances }: { instances: Instance[] }) {
  if (!instances.some((one) => one.live)) {
    return (
      <p className="flex items-center gap-2.5 p-5 text-ink-2 text-sm">
        <StatusDot tone="warn" /> No copy of the app is running. A worker starts one within seconds; if not,
        look at System.
      </p>
    )
  }
  return (
    <ul className="divide-y">
      {instances.map((instance) => (
        <Copy key={instance.id} instance={instance} />
      ))}
    </ul>
  )
}

function Copy({ instance }: { instance: Instance }) {
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
    </li>
  )
}
