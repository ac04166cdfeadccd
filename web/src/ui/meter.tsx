import type { ReactNode } from 'react'
import { cn } from '@/lib/cn'
import type { Tone } from './badge'

const BAR: Record<Tone, string> = {
  ok: 'bg-ok',
  warn: 'bg-warn',
  bad: 'bg-bad',
  info: 'bg-info',
  idle: 'bg-idle',
}

/** A bar with what it says below. */
export function Meter(props: { label: string; share: number; tone: Tone; children: ReactNode }) {
  const percent = Math.round(props.share * 100)
  return (
    <>
      {/* biome-ignore lint/a11y/useSemanticElements: browsers give <meter> looks of their own. */}
      <div
        role="meter"
        aria-label={props.label}
        aria-valuenow={percent}
        aria-valuemin={0}
        aria-valuemax={100}
        className="h-2 overflow-hidden rounded-full bg-hover"
      >
        <div className={cn('h-full rounded-full', BAR[props.tone])} style={{ width: `${percent}%` }} />
      </div>
      <p className="mt-2.5 flex justify-between text-ink-2 text-sm">
        <span>{props.children}</span>
        <span className="tabular-nums">{percent} %</span>
      </p>
    </>
  )
}
