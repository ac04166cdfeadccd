import { Link } from '@tanstack/react-router'
import { Rocket } from 'lucide-react'
import { useDeployments } from '@/api/queries'
import { CommitLine } from '@/components/commit-line'
import { DeploymentRows } from '@/components/deployment-rows'
import { DeploymentStatus, isActive } from '@/components/deployment-status'
import { FailureDetail } from '@/components/failure-detail'
import { PlanFacts } from '@/components/plan-facts'
import { ProblemNotice } from '@/components/problem-notice'
import { TimeAgo } from '@/components/time-ago'
import { useDeploy } from '@/hooks/use-deploy'
import { useLater } from '@/hooks/use-later'
import { usePageTitle } from '@/hooks/use-page-title'
import { useRights } from '@/hooks/use-session'
import { hostOf } from '@/lib/address'
import { Button } from '@/ui/button'
import { Card, CardHeader } from '@/ui/card'
import { CopyButton } from '@/ui/copy-button'
import { Fact, Facts } from '@/ui/definition'
import { EmptyState } from '@/ui/empty-state'
import { Notice } from '@/ui/notice'
import { Skeleton, SkeletonRows } from '@/ui/skeleton'
import { DomainsCard } from './domains-card'
import { HealthCard } from './health-card'
import { SitePreview } from './site-preview'
import { TrafficCard } from './traffic-card'
import { useCurrentProject } from './use-current-project'

const RECENT = 5

export function OverviewPage() {
  const project = useCurrentProject()
  usePageTitle(project.name)
  if (!project.latest_deployment) return <NothingDeployed />
  return (
    <div className="flex flex-col gap-6">
      <LatestNotice />
      {project.live_deployment && <CurrentRelease />}
      <BelowTheFold />
    </div>
  )
}

function BelowTheFold() {
  const { live_deployment: live } = useCurrentProject()
  const isTime = useLater()
  if (!isTime) return live ? <Skeleton className="h-80 rounded-card!" /> : <SkeletonRows count={3} />
  return (
    <>
      {live && (
        <>
          <TrafficCard />
          <div className="grid grid-cols-1 gap-6 lg:grid-cols-2">
            <HealthCard />
            <DomainsCard />
          </div>
        </>
      )}
      <RecentDeployments />
    </>
  )
}

function NothingDeployed() {
  const project = useCurrentProject()
  const deploy = useDeploy(project.slug)
  const { canDeploy } = useRights()
  if (project.source === 'upload') {
    return (
      <EmptyState icon={Rocket} title="Nothing sent yet">
        Deploy its folder above, or run <code className="font-mono">aether deploy</code> in it: that puts it
        on <span className="whitespace-nowrap font-medium text-ink">{hostOf(project.url)}</span>.
      </EmptyState>
    )
  }
  return (
    <EmptyState
      icon={Rocket}
      title="Nothing deployed yet"
      action={
        canDeploy && (
          <Button variant="primary" loading={deploy.pending} onClick={() => deploy.run()}>
            Deploy {project.repo_url ? (project.branch ?? 'the default branch') : 'it'}
          </Button>
        )
      }
    >
      The first deployment puts it on{' '}
      <span className="whitespace-nowrap font-medium text-ink">{hostOf(project.url)}</span>.
    </EmptyState>
  )
}

/** What the newest deployment is up to, when that is not simply "live". */
function LatestNotice() {
  const { latest_deployment: latest, live_deployment: live, slug } = useCurrentProject()
  if (!latest || latest.live) return null
  const link = (
    <Button asChild size="sm">
      <Link to="/projects/$project/deployments/$deployment" params={{ project: slug, deployment: latest.id }}>
        {isActive(latest.status) ? 'Follow it' : latest.error ? 'Open its log' : `Open #${latest.number}`}
      </Link>
    </Button>
  )
  if (isActive(latest.status)) {
    return (
      <Notice tone="info" title={`Deployment #${latest.number} is on its way`} actions={link}>
        {live
          ? 'Visitors get the current release until the new one is ready.'
          : 'The site appears when it is ready.'}
      </Notice>
    )
  }
  if (
    latest.status === 'READY' &&
    live &&
    live.number < latest.number &&
    latest.environment === 'production'
  ) {
    return (
      <Notice tone="info" title={`Rolled back to deployment #${live.number}`} actions={link}>
        Deployment #{latest.number} is newer and not live. The next deployment goes live as usual.
      </Notice>
    )
  }
  if (latest.status !== 'FAILED') return null
  return (
    <Notice tone="bad" title={latest.error?.title ?? `Deployment #${latest.number} failed`} actions={link}>
      {latest.error && <FailureDetail error={latest.error} />}
      {live && <p className="mt-1">Visitors still get deployment #{live.number}.</p>}
    </Notice>
  )
}

function CurrentRelease() {
  const project = useCurrentProject()
  const live = project.live_deployment
  if (!live) return null
  return (
    <Card>
      <CardHeader title="Current release" actions={<DeploymentStatus status={live.status} />} />
      <div className="grid gap-6 p-5 md:grid-cols-[minmax(0,5fr)_minmax(0,6fr)]">
        <SitePreview project={project} />
        <Facts>
          <Fact name="Address">
            <span className="-my-1.5 flex items-center gap-1">
              <a href={project.url} target="_blank" rel="noreferrer" className="link break-all">
                {hostOf(project.url)}
              </a>
              <CopyButton text={project.url} label="Copy the address" />
            </span>
          </Fact>
          <Fact name="Commit">
            <CommitLine deployment={live} />
          </Fact>
          <Fact name="Deployment">
            <Link
              to="/projects/$project/deployments/$deployment"
              params={{ project: project.slug, deployment: live.id }}
              className="link"
            >
              #{live.number}
            </Link>{' '}
            <TimeAgo at={live.finished_at ?? live.created_at} className="text-ink-2" />
          </Fact>
          {live.plan && <PlanFacts plan={live.plan} />}
        </Facts>
      </div>
    </Card>
  )
}

function RecentDeployments() {
  const { slug } = useCurrentProject()
  const deployments = useDeployments(slug)
  const recent = deployments.data?.pages[0]?.items.slice(0, RECENT)
  return (
    <section>
      <div className="mb-3 flex items-center justify-between">
        <h2 className="font-semibold text-[15px]">Recent deployments</h2>
        <Link to="/projects/$project/deployments" params={{ project: slug }} className="link text-sm">
          All deployments
        </Link>
      </div>
      {recent ? (
        <DeploymentRows deployments={recent} />
      ) : deployments.error ? (
        <ProblemNotice error={deployments.error} retry={() => deployments.refetch()} />
      ) : (
        <SkeletonRows count={3} />
      )}
    </section>
  )
}
