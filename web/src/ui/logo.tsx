import { cn } from '@/lib/cn'

export function Logo({ className }: { className?: string }) {
  return (
    <span className={cn('inline-flex items-center gap-2 font-semibold tracking-tight', className)}>
      <svg viewBox="0 0 32 32" className="size-6" aria-hidden="true">
        <rect width="32" height="32" rx="8" className="fill-ink" />
        <path d="M16 6.5 26 25h-4.6l-1.9-3.7h-7L10.6 25H6z" className="fill-invert" />
        <circle cx="16" cy="17" r="2.1" className="fill-accent-strong" />
      </svg>
      Aether
    </span>
  )
}
