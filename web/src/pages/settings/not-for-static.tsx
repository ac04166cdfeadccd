import { ChevronRight } from 'lucide-react'
import type { ReactNode } from 'react'
import { Card } from '@/ui/card'

/** Settings of a running app, for a project that has none: folded away, and it is said why. */
export function NotForStatic({ what, children }: { what: string; children: ReactNode }) {
  return (
    <details className="group flex flex-col">
      <summary className="list-none rounded-card [&::-webkit-details-marker]:hidden">
        <Card as="div" className="hover:bg-hover/50">
          <div className="flex items-center gap-3 px-5 py-4 text-sm">
            <ChevronRight
              aria-hidden
              className="size-4 shrink-0 text-ink-3 transition-transform group-open:rotate-90"
            />
            <p>
              <span className="font-semibold text-[15px]">Server app settings</span>
              <span className="mt-0.5 block text-ink-2">
                {what} don't apply to this project: it is a static site, so no app runs.
              </span>
            </p>
          </div>
        </Card>
      </summary>
      <div className="mt-6 flex flex-col gap-6">{children}</div>
    </details>
  )
}
