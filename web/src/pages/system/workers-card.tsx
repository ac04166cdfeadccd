import type { Schemas } from '@/api/client'
import { TimeAgo } from '@/components/time-ago'
import { bytes } from '@/lib/bytes'
import { StatusDot } from '@/ui/badge'
import { Card, CardHeader } from '@/ui/card'
import { Prose } from '@/ui/prose'
import { diskTone, runtimeText, workerState } from './system-parts'

type Worker = NonNullable<Schemas['SystemStatus']['workers']>[number]

/** Who builds, with what, and why with that. */
export function WorkersCard({ workers }: { workers: Worker[] }) {
  return (
    <Card>
      <CardHeader title="Workers" description="Workers build deployments and run apps." />
      <ul className="divide-y">
        {workers.map((worker) => (
          <Row key={worker.id} worker={worker} />
        ))}
      </ul>
    </Card>
  )
}

function Row({ worker }: { worker: Worker }) {
  const runtime = runtimeText(worker)
  return (
    <li className="grid gap-x-8 gap-y-2 px-5 py-4 text-sm md:grid-cols-[14rem_minmax(0,1fr)]">
      <div>
        <p className="flex items-center gap-2.5 font-medium">
          <StatusDot tone={worker.running > 0 ? 'info' : 'ok'} busy={worker.running > 0} />
          <span className="truncate">{worker.node}</span>
        </p>
        <p className="mt-0.5 text-ink-2">{workerState(worker)}</p>
        <p className="mt-0.5 text-[13px] text-ink-3">
          {worker.version} · started <TimeAgo at={worker.started_at} />
        </p>
      </div>
      <div>
        <p className="font-medium">{runtime.name}</p>
        <ul className="mt-1 flex flex-col gap-1 text-ink-2">
          {runtime.facts.map((fact) => (
            <li key={fact.says} className="break-words">
              {fact.label && <span className="font-medium text-ink">{fact.label}: </span>}
              <Prose>{fact.says}</Prose>
            </li>
          ))}
        </ul>
        {worker.disk && (
          <p className="mt-2 flex items-center gap-2 text-[13px] text-ink-3">
            <StatusDot tone={diskTone(worker.disk)} />
            {bytes(worker.disk.free_bytes)} free of {bytes(worker.disk.total_bytes)} for releases
          </p>
        )}
      </div>
    </li>
  )
}
