import { lazy, Suspense } from 'react'
import { usePageTitle } from '@/hooks/use-page-title'
import { useCurrentProject } from '@/pages/project/use-current-project'
import { Skeleton } from '@/ui/skeleton'

const RuntimeLog = lazy(() => import('./runtime-log'))

export function RuntimeLogsPage() {
  const project = useCurrentProject()
  usePageTitle('Logs', project.name)
  return (
    <Suspense fallback={<Skeleton className="h-[36rem] rounded-card!" />}>
      <RuntimeLog key={project.id} />
    </Suspense>
  )
}
