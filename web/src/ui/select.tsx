// The platform's own select: keyboard, screen readers and phones are right without our doing, and it injects no styles.
import { ChevronDown } from 'lucide-react'
import type { ComponentProps } from 'react'
import { cn } from '@/lib/cn'

export function Select({ className, children, ...rest }: ComponentProps<'select'>) {
  return (
    <span className={cn('relative inline-flex', className)}>
      <select className="control appearance-none pr-8 text-sm" {...rest}>
        {children}
      </select>
      <ChevronDown
        aria-hidden
        className="-translate-y-1/2 pointer-events-none absolute top-1/2 right-2.5 size-4 text-ink-3"
      />
    </span>
  )
}
