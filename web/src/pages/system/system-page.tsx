import { api, type Schemas } from '@/api/client'
import { ProblemNotice } from '@/components/problem-notice'
import { usePageTitle } from '@/hooks/use-page-title'
import { bytes } from '@/lib/bytes'
import { duration } from '@/lib/time'
import { StatusDot, type Tone } from '@/ui/badge'
import { Card, CardHeader } from '@/ui/card'
import { Fact, Facts } from '@/ui/definition'
import { Meter } from '@/ui/meter'
import { Notice } from '@/ui/notice'
import { PageHeader } from '@/ui/page-header'
import { SkeletonRows } from '@/ui/skeleton'
import { diskPart, diskTone, type Part, parts, summary } from './system-parts'
import { WorkersCard } from './workers-card'

const REFRESH_MS = 5000
const DISK_STATES: Partial<Record<Tone, string>> = { warn: 'Filling up', bad: 'Almost full' }
const PART = 'rounded-card border bg-surface p-5'

export function SystemPage() {
  usePageTitle('System')
  const status = api.useQuery('get', '/api/v1/system/status', {}, { refetchInterval: REFRESH_MS })
  return (
    <>
      <PageHeader title="System" description="Live status of this Aether instance." />
      {status.data ? (
        <Status status={status.data} />
      ) : status.error ? (
        <ProblemNotice error={status.error} retry={() => status.refetch()} />
      ) : (
        <SkeletonRows count={4} className="h-20" />
      )}
    </>
  )
}

function Status({ status }: { status: Schemas['SystemStatus'] }) {
  const all = parts(status)
  const { tone, title, detail } = summary([...all, ...diskPart(status)])
  return (
    <div className="flex flex-col gap-6">
      <Notice tone={tone} title={title}>
        {detail}
      </Notice>
      <ul className="grid gap-4 sm:grid-cols-2 xl:grid-cols-3">
        {all.map((part) => (
          <PartCard key={part.name} part={part} />
        ))}
        {status.disk && <Disk disk={status.disk} />}
      </ul>
      {status.workers && status.workers.length > 0 && <WorkersCard workers={status.workers} />}
      <Card>
        <CardHeader title="Instance" />
        <div className="grid gap-x-6 gap-y-2.5 p-5 lg:grid-cols-2">
          <Facts>
            <Fact name="Version">{status.version}</Fact>
            <Fact name="Apps domain">{status.apps_domain}</Fact>
          </Facts>
          <Facts>
            <Fact name="Route table">version {status.route_version}</Fact>
            <Fact name="Queue">
              {status.queue.queued} queued, {status.queue.running} running
              {status.queue.oldest_queued_seconds
                ? `, oldest for ${duration(status.queue.oldest_queued_seconds * 1000)}`
                : ''}
            </Fact>
          </Facts>
        </div>
      </Card>
    </div>
  )
}

function PartCard({ part }: { part: Part }) {
  return (
    <li className={PART}>
      <h2 className="flex items-center gap-2.5 font-semibold text-[15px]">
        <StatusDot tone={part.tone} />
        {part.name}
        {part.version && <span className="font-normal text-ink-3 text-sm">{part.version}</span>}
        <span className="ml-auto font-normal text-ink-2 text-sm">{part.state}</span>
      </h2>
      <p className="mt-1.5 text-ink-2 text-sm">{part.says}</p>
    </li>
  )
}

function Disk({ disk }: { disk: Schemas['DiskStatus'] }) {
  const used = disk.total_bytes - disk.free_bytes
  const share = disk.total_bytes > 0 ? used / disk.total_bytes : 0
  return (
    <li className={PART}>
      <h2 className="flex items-center gap-2.5 font-semibold text-[15px]">
        <StatusDot tone={diskTone(disk)} />
        Disk
        <span className="ml-auto font-normal text-ink-2 text-sm">{DISK_STATES[diskTone(disk)]}</span>
      </h2>
      <div className="mt-2.5">
        <Meter label="Used disk space" share={share} tone={diskTone(disk)}>
          {bytes(disk.free_bytes)} free of {bytes(disk.total_bytes)}
        </Meter>
      </div>
    </li>
  )
}
