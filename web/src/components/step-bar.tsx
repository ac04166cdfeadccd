import type { Schemas } from '@/api/client'
import { cn } from '@/lib/cn'
import { duration } from '@/lib/time'

type Record_ = Schemas['StepRecord']

/** Shades from the first step to the last; a failed one stands out. */
const SHADES: Record<Schemas['Step'], string> = {
  clone: 'bg-info/35',
  detect: 'bg-info/50',
  install: 'bg-info/65',
  build: 'bg-info/80',
  deploy: 'bg-info',
  route: 'bg-ok',
}

function took(record: Record_): number {
  if (!record.finished_at) return 0
  return Math.max(0, Date.parse(record.finished_at) - Date.parse(record.started_at))
}

/** "Clone 1.4 s, install 9.8 s, …" for the steps that took time. */
export function stepTimes(steps: Record_[]): string {
  return steps
    .filter((record) => record.finished_at && record.outcome !== 'skipped')
    .map((record) => `${record.step} ${duration(took(record))}`)
    .join(', ')
}

/** Where the time of a deployment went, one piece a step. */
export function StepBar({ steps }: { steps: Record_[] }) {
  const done = steps.filter((record) => record.finished_at && record.outcome !== 'skipped')
  if (done.length === 0) return null
  const says = stepTimes(steps)
  return (
    <span
      role="img"
      aria-label={`Time by step: ${says}`}
      title={says}
      className="flex h-1 w-full max-w-44 gap-px overflow-hidden rounded-full"
    >
      {done.map((record) => (
        <span
          key={record.step}
          className={cn('h-full min-w-0.5', record.outcome === 'failed' ? 'bg-bad' : SHADES[record.step])}
          style={{ flexGrow: Math.max(1, took(record)), flexBasis: 0 }}
        />
      ))}
    </span>
  )
}
