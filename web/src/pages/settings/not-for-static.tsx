import { ChevronRight } from 'lucide-react'
import type { ReactNode } from 'react'
import { useCurrentProject } from '@/pages/project/use-current-project'
import { Card } from '@/ui/card'
import { projectKind } from './project-kind'

/** Settings of a running app. A static site has none, so for one they are folded away, and it is said why. */
export function AppOnly({ what, children }: { what: string; children: ReactNode }) {
  const project = useCurrentProject()
  if (projectKind(project) !== 'static') return children
  return (
    <details className="group flex flex-col">
      <summary className="list-none rounded-card [&::-webkit-details-marker]:hidden">
        <Card as="div">
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
