import { Check, CircleDashed, LoaderCircle, Minus, X } from 'lucide-react'
import type { Schemas } from '@/api/client'
import { cn } from '@/lib/cn'
import { Elapsed } from './time-ago'

type Step = Schemas['Step']
type Record_ = Schemas['StepRecord']
type State = 'waiting' | 'running' | Schemas['StepOutcome']

const STEPS: [Step, string][] = [
  ['clone', 'Clone'],
  ['detect', 'Detect'],
  ['install', 'Install'],
  ['build', 'Build'],
  ['deploy', 'Deploy'],
  ['route', 'Route'],
]

const LOOKS: Record<State, { icon: typeof Check; colour: string; says: string }> = {
  waiting: { icon: CircleDashed, colour: 'text-ink-3', says: 'waiting' },
  running: { icon: LoaderCircle, colour: 'text-info', says: 'running' },
  succeeded: { icon: Check, colour: 'text-ok', says: 'done' },
  skipped: { icon: Minus, colour: 'text-ink-3', says: 'skipped' },
  failed: { icon: X, colour: 'text-bad', says: 'failed' },
  cancelled: { icon: X, colour: 'text-ink-3', says: 'cancelled' },
}

/** The six steps of a deployment; one that has begun jumps to its part of the log. */
export function StepTimeline(props: { steps: Record_[]; ended: boolean; onStep: (step: Step) => void }) {
  return (
    <ol className="grid grid-cols-2 overflow-hidden rounded-card border bg-surface sm:grid-cols-3 lg:grid-cols-6">
      {STEPS.map(([step, label]) => (
        <StepCell
          key={step}
          label={label}
          record={props.steps.find((record) => record.step === step)}
          ended={props.ended}
          onClick={() => props.onStep(step)}
        />
      ))}
    </ol>
  )
}

function StepCell(props: {
  label: string
  record: Record_ | undefined
  ended: boolean
  onClick: () => void
}) {
  const { record } = props
  const state: State = !record ? 'waiting' : (record.outcome ?? 'running')
  const { icon: Icon, colour, says } = LOOKS[state]
  const never = !record && props.ended
  return (
    <li className="-mr-px -mb-px border-r border-b">
      <button
        type="button"
        disabled={!record}
        onClick={props.onClick}
        className="flex w-full items-center gap-2.5 px-4 py-3 text-left enabled:hover:bg-hover"
      >
        <Icon
          aria-hidden
          className={cn(
            'size-4 shrink-0',
            colour,
            state === 'running' && 'animate-spin',
            never && 'opacity-40',
          )}
        />
        <span className="min-w-0">
          <span className={cn('block font-medium text-sm', !record && 'text-ink-3')}>{props.label}</span>
          <span className={cn('block text-xs tabular-nums', state === 'failed' ? 'text-bad' : 'text-ink-3')}>
            {record && state !== 'skipped' ? (
              <>
                <Elapsed from={record.started_at} until={record.finished_at} />
                {state !== 'succeeded' && state !== 'running' && ` · ${says}`}
              </>
            ) : never ? (
              'not reached'
            ) : (
              says
            )}
          </span>
        </span>
      </button>
    </li>
  )
}
