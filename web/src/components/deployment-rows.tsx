import { Link } from '@tanstack/react-router'
import type { Deployment } from '@/api/queries'
import { Badge } from '@/ui/badge'
import { Card } from '@/ui/card'
import { BranchName, CommitLine } from './commit-line'
import { DeploymentMenu } from './deployment-menu'
import { DeploymentStatus } from './deployment-status'
import { StepBar } from './step-bar'
import { Elapsed, TimeAgo } from './time-ago'

const TRIGGERS: Record<Deployment['trigger'], string> = {
  manual: 'manual',
  webhook: 'push',
  redeploy: 'redeploy',
  poll: 'polling',
}

export function triggerText(deployment: Deployment): string {
  return TRIGGERS[deployment.trigger]
}

/** Deployments as a list, one link a row. */
export function DeploymentRows({ deployments }: { deployments: Deployment[] }) {
  return (
    <Card as="div">
      <ul className="divide-y">
        {deployments.map((deployment) => (
          <Row key={deployment.id} deployment={deployment} />
        ))}
      </ul>
    </Card>
  )
}

function Row({ deployment }: { deployment: Deployment }) {
  return (
    <li className="relative grid grid-cols-[1fr_auto] items-center gap-x-4 gap-y-2 px-4 py-3.5 first:rounded-t-card last:rounded-b-card hover:bg-hover/50 sm:px-5 md:grid-cols-[9.5rem_minmax(0,1fr)_11rem_2rem]">
      <div className="flex items-center gap-2.5">
        <Link
          to="/projects/$project/deployments/$deployment"
          params={{ project: deployment.project_slug, deployment: deployment.id }}
          className="font-medium text-sm tabular-nums after:absolute after:inset-0"
        >
          #{deployment.number}
        </Link>
        <DeploymentStatus status={deployment.status} />
      </div>
      <div className="min-w-0 max-md:col-span-2 max-md:row-start-2">
        <div className="flex min-w-0 items-center gap-2 text-sm">
          <CommitLine deployment={deployment} />
          {deployment.live && <Badge tone="ok">Live</Badge>}
        </div>
        <div className="mt-0.5 flex min-w-0 items-center gap-x-2 text-[13px] text-ink-3">
          {deployment.error ? (
            <span className="truncate text-bad">{deployment.error.title}</span>
          ) : (
            <>
              {deployment.commit && <BranchName name={deployment.ref} />}
              {deployment.commit?.author && <span className="truncate">by {deployment.commit.author}</span>}
              {deployment.environment !== 'production' && (
                <Badge>{previewName(deployment.environment)}</Badge>
              )}
            </>
          )}
        </div>
      </div>
      <div className="text-[13px] text-ink-2 max-md:col-span-2 max-md:row-start-3 max-md:flex max-md:gap-2 md:text-right">
        <p>
          <TimeAgo at={deployment.created_at} />
        </p>
        <p className="text-ink-3">
          {deployment.started_at && (
            <>
              <Elapsed from={deployment.started_at} until={deployment.finished_at} />
              {' · '}
            </>
          )}
          {triggerText(deployment)}
        </p>
        <div className="mt-1.5 flex justify-end max-md:hidden">
          <StepBar steps={deployment.steps} />
        </div>
      </div>
      <div className="max-md:col-start-2 max-md:row-start-1 max-md:justify-self-end">
        <DeploymentMenu deployment={deployment} />
      </div>
    </li>
  )
}

/** "PR #58" for the environment of a pull request; that of a branch stands beside its branch. */
function previewName(environment: string): string {
  const request = /^pull-request:(\d+)$/.exec(environment)
  return request ? `PR #${request[1]}` : 'Preview'
}
