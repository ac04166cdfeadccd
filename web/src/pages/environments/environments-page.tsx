// Production and the previews: where each answers, what it shows, and which wait for somebody's approval.

import { Link } from '@tanstack/react-router'
import { Braces, GitPullRequest, Layers } from 'lucide-react'
import { api, type Schemas } from '@/api/client'
import { ProblemNotice } from '@/components/problem-notice'
import { usePageTitle } from '@/hooks/use-page-title'
import { useRights } from '@/hooks/use-session'
import { useCurrentProject } from '@/pages/project/use-current-project'
import { Button } from '@/ui/button'
import { Card, CardHeader } from '@/ui/card'
import { EmptyState } from '@/ui/empty-state'
import { SkeletonRows } from '@/ui/skeleton'
import { ApprovalCard } from './approval-card'
import { DeployPreview } from './deploy-preview'
import { EnvironmentRow } from './environment-row'
import { useLatestDeployments } from './use-latest-deployments'

type Environment = Schemas['Environment']

const REFRESH_MS = 10_000

export function EnvironmentsPage() {
  const project = useCurrentProject()
  usePageTitle('Environments', project.name)
  const latest = useLatestDeployments(project.slug)
  const environments = api.useQuery(
    'get',
    '/api/v1/projects/{project}/environments',
    { params: { path: { project: project.slug } } },
    { refetchInterval: REFRESH_MS },
  )
  if (environments.error) {
    return <ProblemNotice error={environments.error} retry={() => environments.refetch()} />
  }
  if (!environments.data) return <SkeletonRows count={3} />
  const { items } = environments.data
  const waiting = items.filter((one) => one.waiting_for_approval)
  const previews = items.filter((one) => one.kind === 'preview' && !isOnlyWaiting(one))
  const changed = () => environments.refetch()
  return (
    <div className="flex flex-col gap-6">
      {waiting.map((one) => (
        <ApprovalCard key={`${one.id}-${one.head}`} environment={one} onDone={changed} />
      ))}
      <Card>
        <CardHeader
          title="Production"
          description="What visitors see at the project's URL and domains."
          actions={
            <Button asChild size="sm">
              <Link to="/projects/$project/settings/environment" params={{ project: project.slug }}>
                <Braces className="size-4" /> Environment variables
              </Link>
            </Button>
          }
        />
        <ul>
          {items
            .filter((one) => one.kind === 'production')
            .map((one) => (
              <EnvironmentRow
                key={one.id}
                environment={one}
                latest={latest.get(one.name)}
                onRemoved={changed}
              />
            ))}
        </ul>
      </Card>
      <Previews previews={previews} latest={latest} onChanged={changed} />
    </div>
  )
}

/** A fork's pull request of which nothing has been deployed is no environment yet. */
function isOnlyWaiting(one: Environment): boolean {
  return one.waiting_for_approval && !one.live_deployment_id
}

function Previews(props: {
  previews: Environment[]
  latest: Map<string, Schemas['Deployment']>
  onChanged: () => void
}) {
  const project = useCurrentProject()
  const { canWrite } = useRights()
  const settings = canWrite && (
    <Button asChild size="sm">
      <Link to="/projects/$project/settings/previews" params={{ project: project.slug }}>
        Preview settings
      </Link>
    </Button>
  )
  if (!project.repo_url) {
    return (
      <EmptyState icon={Layers} title="Previews need a repository">
        Connect a repository to preview branches and pull requests before they go live.
      </EmptyState>
    )
  }
  if (props.previews.length === 0) {
    return (
      <EmptyState
        icon={GitPullRequest}
        title="No previews yet"
        action={
          <>
            <DeployPreview onDeployed={props.onChanged} />
            {settings}
          </>
        }
      >
        {project.preview_pull_requests
          ? 'Every pull request gets its own URL until it is closed.'
          : 'Previews for pull requests are off.'}{' '}
        {project.preview_branches.length > 0 &&
          `Pushes to ${project.preview_branches.join(', ')} get a preview, too.`}
      </EmptyState>
    )
  }
  return (
    <Card>
      <CardHeader
        title="Previews"
        description={`${props.previews.length} of at most ${project.preview_max}. Removed after ${project.preview_days} days without a deployment.`}
        actions={
          <div className="flex flex-wrap gap-2">
            {settings}
            <DeployPreview onDeployed={props.onChanged} />
          </div>
        }
      />
      <ul className="divide-y">
        {props.previews.map((one) => (
          <EnvironmentRow
            key={one.id}
            environment={one}
            latest={props.latest.get(one.name)}
            onRemoved={props.onChanged}
          />
        ))}
      </ul>
    </Card>
  )
}
