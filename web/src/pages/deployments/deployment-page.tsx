import { useParams } from '@tanstack/react-router'
import { CircleStop, ExternalLink, RotateCw, Undo2 } from 'lucide-react'
import { lazy, Suspense } from 'react'
import { asProblem } from '@/api/problem'
import { type Deployment, useDeployment } from '@/api/queries'
import { CommitLine } from '@/components/commit-line'
import { triggerText } from '@/components/deployment-rows'
import { DeploymentStatus } from '@/components/deployment-status'
import { ProblemNotice } from '@/components/problem-notice'
import { TimeAgo } from '@/components/time-ago'
import { useDeploymentActions } from '@/hooks/use-deployment-actions'
import { useLater } from '@/hooks/use-later'
import { usePageTitle } from '@/hooks/use-page-title'
import { NotFoundPage } from '@/pages/errors/not-found-page'
import { useCurrentProject } from '@/pages/project/use-current-project'
import { Badge } from '@/ui/badge'
import { Button } from '@/ui/button'
import { Skeleton, SkeletonRows } from '@/ui/skeleton'
import { DeploymentChanges } from './deployment-changes'
import { DeploymentFacts } from './deployment-facts'
import { DeploymentResult } from './deployment-result'

const DeploymentLog = lazy(() => import('./deployment-log'))

export function DeploymentPage() {
  const { deployment: id } = useParams({ from: '/app/projects/$project/deployments/$deployment' })
  const { name } = useCurrentProject()
  const deployment = useDeployment(id)
  usePageTitle(deployment.data && `#${deployment.data.number}`, name)
  if (deployment.data) {
    return (
      <div className="flex flex-col gap-5">
        <Header deployment={deployment.data} />
        <DeploymentResult deployment={deployment.data} />
        <LogAndFacts key={id} deployment={deployment.data} />
      </div>
    )
  }
  if (!deployment.error) return <SkeletonRows count={3} className="h-32" />
  const { status } = asProblem(deployment.error)
  if (status === 404 || status === 400) return <NotFoundPage title="There is no such deployment" />
  return <ProblemNotice error={deployment.error} retry={() => deployment.refetch()} />
}

function LogAndFacts({ deployment }: { deployment: Deployment }) {
  const isTime = useLater()
  const place = <Skeleton className="h-[32rem] rounded-card!" />
  if (!isTime) return place
  return (
    <>
      <Suspense fallback={place}>
        <DeploymentLog deployment={deployment} />
      </Suspense>
      <DeploymentFacts deployment={deployment} />
      <DeploymentChanges deployment={deployment} />
    </>
  )
}

function Header({ deployment }: { deployment: Deployment }) {
  const project = useCurrentProject()
  const actions = useDeploymentActions(deployment, project.live_deployment)
  return (
    <div className="flex flex-wrap items-center justify-between gap-3">
      <div className="min-w-0">
        <h2 className="flex flex-wrap items-center gap-3 font-semibold text-lg">
          Deployment #{deployment.number}
          <DeploymentStatus status={deployment.status} />
          {deployment.live && <Badge tone="ok">Live</Badge>}
          {deployment.cancel_requested && deployment.finished_at === null && <Badge>Cancelling…</Badge>}
        </h2>
        <p className="mt-1 flex min-w-0 flex-wrap items-center gap-x-2 text-ink-2 text-sm">
          <CommitLine deployment={deployment} />
          <span className="text-ink-3">
            <TimeAgo at={deployment.created_at} /> · {triggerText(deployment)}
          </span>
        </p>
      </div>
      <div className="flex flex-wrap gap-2">
        {actions.canCancel && (
          <Button size="sm" loading={actions.pending} onClick={actions.cancel}>
            <CircleStop className="size-4" />
            Cancel
          </Button>
        )}
        {actions.canRedeploy && (
          <Button size="sm" loading={actions.pending} onClick={actions.redeploy}>
            <RotateCw className="size-4" />
            Redeploy
          </Button>
        )}
        {actions.canMakeLive && (
          <Button size="sm" variant="primary" onClick={actions.makeLive}>
            <Undo2 className="size-4" />
            {actions.makeLiveLabel}
          </Button>
        )}
        {deployment.status === 'READY' && !deployment.live && (
          <Button size="sm" asChild>
            <a href={deployment.url} target="_blank" rel="noreferrer">
              Open it <ExternalLink className="size-4" />
            </a>
          </Button>
        )}
      </div>
    </div>
  )
}
