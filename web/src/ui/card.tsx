import type { ReactNode } from 'react'
import { cn } from '@/lib/cn'

export function Card(props: { children: ReactNode; className?: string; as?: 'section' | 'article' | 'div' }) {
  const Tag = props.as ?? 'section'
  return (
    <Tag className={cn('rounded-card border border-line bg-surface', props.className)}>{props.children}</Tag>
  )
}

export function CardHeader(props: { title: ReactNode; description?: ReactNode; actions?: ReactNode }) {
  return (
    <header className="flex min-h-15.5 flex-wrap items-center justify-between gap-x-4 gap-y-2 border-b px-5 py-3.5 last:border-b-0">
      <div className="min-w-0 flex-1 basis-44">
        <h2 className="font-semibold text-[15px]">{props.title}</h2>
        {props.description && <p className="mt-0.5 text-ink-2 text-sm">{props.description}</p>}
      </div>
      {props.actions}
    </header>
  )
}

export function CardFooter({ children }: { children: ReactNode }) {
  return (
    <footer className="flex flex-wrap items-center justify-between gap-3 rounded-b-card border-t bg-raised/50 px-5 py-3 text-ink-2 text-sm max-sm:[&>button[type=submit]]:w-full">
      {children}
    </footer>
  )
}
