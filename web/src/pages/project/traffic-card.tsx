// What visitors asked of the project, as the proxies counted it. The chart is loaded once there is something to draw.

import { Link } from '@tanstack/react-router'
import { lazy, Suspense, useState } from 'react'
import { api, type Schemas } from '@/api/client'
import { ProblemNotice } from '@/components/problem-notice'
import { bytes } from '@/lib/bytes'
import { Card, CardHeader } from '@/ui/card'
import { Segments } from '@/ui/segments'
import { Skeleton } from '@/ui/skeleton'
import { durationText, percent } from './traffic-words'
import { useCurrentProject } from './use-current-project'

type Traffic = Schemas['ProjectTraffic']
type Range = 'hour' | 'day'

const TrafficChart = lazy(() => import('./traffic-chart'))
const REFRESH_MS = 10_000
const RANGES = [
  ['hour', 'Last hour'],
  ['day', 'Last 24 hours'],
] as const

export function TrafficCard() {
  const { slug } = useCurrentProject()
  const [range, setRange] = useState<Range>('hour')
  const traffic = api.useQuery(
    'get',
    '/api/v1/projects/{project}/traffic',
    { params: { path: { project: slug }, query: { range } } },
    { refetchInterval: REFRESH_MS, placeholderData: (before: Traffic | undefined) => before },
  )
  return (
    <Card>
      <CardHeader
        title="Traffic"
        actions={<Segments label="Period" options={RANGES} value={range} onChange={setRange} />}
      />
      <div className="min-h-64 p-5">
        {traffic.data ? (
          traffic.data.total.requests > 0 ? (
            <Figures traffic={traffic.data} />
          ) : (
            <NoTraffic proxies={traffic.data.proxies} range={range} />
          )
        ) : traffic.error ? (
          <ProblemNotice error={traffic.error} retry={() => traffic.refetch()} />
        ) : (
          <Skeleton className="h-54" />
        )}
      </div>
    </Card>
  )
}

function Figures({ traffic }: { traffic: Traffic }) {
  const { total } = traffic
  return (
    <>
      <dl className="mb-5 grid grid-cols-2 gap-x-6 gap-y-4 sm:grid-cols-3 lg:grid-cols-5">
        <Figure name="Requests" value={total.requests.toLocaleString('en')} />
        <Figure
          name="Errors"
          value={total.errors.toLocaleString('en')}
          about={total.errors > 0 ? percent(total.errors, total.requests) : 'status 500 and above'}
          bad={total.errors > 0}
        />
        <Figure name="Sent" value={bytes(total.sent_bytes)} />
        <Figure name="p50" value={durationText(total.p50_at_most_ms)} about="50th percentile" />
        <Figure name="p99" value={durationText(total.p99_at_most_ms)} about="99th percentile" />
      </dl>
      <Suspense fallback={<Skeleton className="h-34" />}>
        <TrafficChart traffic={traffic} />
      </Suspense>
    </>
  )
}

function Figure(props: { name: string; value: string; about?: string; bad?: boolean }) {
  return (
    <div>
      <dt className="text-[13px] text-ink-3">{props.name}</dt>
      <dd className={`font-semibold text-lg tabular-nums ${props.bad ? 'text-bad' : ''}`}>{props.value}</dd>
      {props.about && <dd className="text-[13px] text-ink-3">{props.about}</dd>}
    </div>
  )
}

/** An empty chart would say less than a sentence. */
function NoTraffic({ proxies, range }: { proxies: number; range: Range }) {
  const { url } = useCurrentProject()
  return (
    <div className="grid min-h-54 place-items-center text-center text-ink-2 text-sm">
      {proxies === 0 ? (
        <p className="max-w-md">
          No proxy reports at the moment, so nothing is counted.{' '}
          <Link to="/system" className="link">
            System
          </Link>{' '}
          says what is wrong.
        </p>
      ) : (
        <p className="max-w-md">
          No visitor in the last {range === 'hour' ? 'hour' : '24 hours'}.{' '}
          <a href={url} target="_blank" rel="noreferrer" className="link">
            Open the site
          </a>{' '}
          and be the first: requests show up here within seconds.
        </p>
      )}
    </div>
  )
}
