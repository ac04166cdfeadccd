import { Atom, Container, FileText, type LucideIcon, Rocket, Server, Zap } from 'lucide-react'
import { cn } from '@/lib/cn'

const MARKS: Record<string, LucideIcon> = {
  'static-page': FileText,
  'vite-react': Atom,
  astro: Rocket,
  express: Server,
  fastapi: Zap,
  dockerfile: Container,
}

/** A small picture beside a template's name. */
export function TemplateMark({ name, muted }: { name: string; muted: boolean }) {
  const Icon = MARKS[name] ?? FileText
  return (
    <span
      aria-hidden
      className={cn(
        'grid size-9 shrink-0 place-items-center rounded-lg border bg-raised',
        muted ? 'text-ink-3' : 'text-ink-2',
      )}
    >
      <Icon className="size-4.5" />
    </span>
  )
}
