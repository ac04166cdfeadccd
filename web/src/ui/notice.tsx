import { CircleAlert, CircleCheck, Info, type LucideIcon, TriangleAlert } from 'lucide-react'
import type { ReactNode } from 'react'
import { cn } from '@/lib/cn'
import type { Tone } from './badge'

const ICONS: Record<Tone, LucideIcon> = {
  ok: CircleCheck,
  warn: TriangleAlert,
  bad: CircleAlert,
  info: Info,
  idle: Info,
}
const COLOURS: Record<Tone, string> = {
  ok: 'text-ok',
  warn: 'text-warn',
  bad: 'text-bad',
  info: 'text-info',
  idle: 'text-idle',
}

/** A message that stands in the page. `alert` is spoken at once by screen readers. */
export function Notice(props: {
  tone: Tone
  title: ReactNode
  children?: ReactNode
  actions?: ReactNode
  alert?: boolean
  className?: string
}) {
  const Icon = ICONS[props.tone]
  return (
    <div
      role={props.alert ? 'alert' : undefined}
      className={cn('flex gap-3 rounded-card border p-4', `soft-${props.tone}`, props.className)}
    >
      <Icon aria-hidden className={cn('mt-0.5 size-4.5 shrink-0', COLOURS[props.tone])} />
      <div className="min-w-0 flex-1 text-ink text-sm">
        <p className="font-medium">{props.title}</p>
        {props.children && <div className="mt-1 break-words text-ink-2">{props.children}</div>}
        {props.actions && <div className="mt-3 flex flex-wrap gap-2">{props.actions}</div>}
      </div>
    </div>
  )
}
