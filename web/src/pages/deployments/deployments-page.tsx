import { Rocket } from 'lucide-react'
import { useMemo, useState } from 'react'
import { type Deployment, useDeployments } from '@/api/queries'
import { DeploymentRows } from '@/components/deployment-rows'
import { isActive } from '@/components/deployment-status'
import { ProblemNotice } from '@/components/problem-notice'
import { usePageTitle } from '@/hooks/use-page-title'
import { useCurrentProject } from '@/pages/project/use-current-project'
import { Button } from '@/ui/button'
import { EmptyState } from '@/ui/empty-state'
import { Select } from '@/ui/select'
import { SkeletonRows } from '@/ui/skeleton'

type StatusFilter = 'any' | 'active' | 'ready' | 'failed' | 'stopped'

const PASSES: Record<StatusFilter, (deployment: Deployment) => boolean> = {
  any: () => true,
  active: ({ status }) => isActive(status),
  ready: ({ status }) => status === 'READY',
  failed: ({ status }) => status === 'FAILED',
  stopped: ({ status }) => status === 'CANCELLED' || status === 'SUPERSEDED',
}

export function DeploymentsPage() {
  const project = useCurrentProject()
  usePageTitle('Deployments', project.name)
  const deployments = useDeployments(project.slug)
  const [status, setStatus] = useState<StatusFilter>('any')
  const [branch, setBranch] = useState('')
  const loaded = useMemo(
    () => deployments.data?.pages.flatMap((page) => page.items) ?? [],
    [deployments.data],
  )
  const branches = useMemo(() => [...new Set(loaded.map((deployment) => deployment.ref))].sort(), [loaded])
  const shown = loaded.filter((item) => PASSES[status](item) && (branch === '' || item.ref === branch))

  if (deployments.error && loaded.length === 0) {
    return <ProblemNotice error={deployments.error} retry={() => deployments.refetch()} />
  }
  if (!deployments.data) return <SkeletonRows count={6} />
  if (loaded.length === 0) {
    return (
      <EmptyState icon={Rocket} title="No deployments yet">
        Use “Deploy” above, or set up the webhook so that every push deploys.
      </EmptyState>
    )
  }
  return (
    <>
      <div className="mb-4 flex flex-wrap gap-2">
        <Select
          aria-label="Status"
          className="w-40"
          value={status}
          onChange={(event) => setStatus(event.target.value as StatusFilter)}
        >
          <option value="any">Any status</option>
          <option value="active">On their way</option>
          <option value="ready">Ready</option>
          <option value="failed">Failed</option>
          <option value="stopped">Stopped</option>
        </Select>
        {branches.length > 1 && (
          <Select
            aria-label="Branch"
            className="w-48"
            value={branch}
            onChange={(event) => setBranch(event.target.value)}
          >
            <option value="">Any branch or commit</option>
            {branches.map((name) => (
              <option key={name} value={name}>
                {name === 'HEAD' ? 'default branch' : name}
              </option>
            ))}
          </Select>
        )}
      </div>
      {shown.length > 0 ? (
        <DeploymentRows deployments={shown} />
      ) : (
        <EmptyState icon={Rocket} title="None of those loaded match">
          {deployments.hasNextPage ? 'Older ones may; load more below.' : 'Choose another status or branch.'}
        </EmptyState>
      )}
      {deployments.hasNextPage && (
        <div className="mt-4 text-center">
          <Button loading={deployments.isFetchingNextPage} onClick={() => deployments.fetchNextPage()}>
            Load older deployments
          </Button>
        </div>
      )}
    </>
  )
}
