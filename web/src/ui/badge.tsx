import type { ReactNode } from 'react'
import { cn } from '@/lib/cn'

export type Tone = 'ok' | 'warn' | 'bad' | 'info' | 'idle'

const DOTS: Record<Tone, string> = {
  ok: 'bg-ok',
  warn: 'bg-warn',
  bad: 'bg-bad',
  info: 'bg-info',
  idle: 'bg-idle',
}

export function Badge(props: { tone?: Tone; children: ReactNode; className?: string }) {
  return (
    <span
      className={cn(
        'inline-flex h-5.5 shrink-0 items-center gap-1.5 whitespace-nowrap rounded-full px-2 font-medium text-xs',
        `soft-${props.tone ?? 'idle'}`,
        props.className,
      )}
    >
      {props.children}
    </span>
  )
}

/** A coloured dot; what it means stands beside it in words. */
export function StatusDot({ tone, busy = false }: { tone: Tone; busy?: boolean }) {
  return <span aria-hidden className={cn('size-2 shrink-0 rounded-full', DOTS[tone], busy && 'pulse')} />
}
