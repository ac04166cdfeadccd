import type { LucideIcon } from 'lucide-react'
import type { ReactNode } from 'react'

export function EmptyState(props: {
  icon: LucideIcon
  title: string
  children?: ReactNode
  action?: ReactNode
}) {
  return (
    <div className="flex flex-col items-center rounded-card border border-line-strong border-dashed px-6 py-14 text-center">
      <span className="mb-4 grid size-11 place-items-center rounded-xl border bg-raised text-ink-2">
        <props.icon aria-hidden className="size-5" />
      </span>
      <h2 className="font-semibold text-base">{props.title}</h2>
      {props.children && <div className="mt-1 max-w-md text-ink-2 text-sm">{props.children}</div>}
      {props.action && <div className="mt-5 flex flex-wrap justify-center gap-2">{props.action}</div>}
    </div>
  )
}
