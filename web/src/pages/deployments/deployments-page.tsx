import { useNavigate, useSearch } from '@tanstack/react-router'
import { Rocket } from 'lucide-react'
import { useMemo } from 'react'
import { useDeployments } from '@/api/queries'
import { DeploymentRows } from '@/components/deployment-rows'
import { ProblemNotice } from '@/components/problem-notice'
import { usePageTitle } from '@/hooks/use-page-title'
import { useCurrentProject } from '@/pages/project/use-current-project'
import { Button } from '@/ui/button'
import { EmptyState } from '@/ui/empty-state'
import { Select } from '@/ui/select'
import { SkeletonRows } from '@/ui/skeleton'
import { type DeploymentSearch, deploymentFilter, deploymentSearch } from './deployment-search'

export function DeploymentsPage() {
  const project = useCurrentProject()
  usePageTitle('Deployments', project.name)
  const search = useSearch({ from: '/app/projects/$project/deployments' })
  const navigate = useNavigate({ from: '/projects/$project/deployments' })
  const deployments = useDeployments(project.slug, deploymentFilter(search))
  const loaded = useMemo(
    () => deployments.data?.pages.flatMap((page) => page.items) ?? [],
    [deployments.data],
  )
  const refs = useRefs(project.slug, search.ref)
  const filtered = Object.keys(search).length > 0
  const choose = (change: Record<string, string>) =>
    navigate({ search: deploymentSearch({ ...search, ...change }), replace: true })

  if (deployments.error && loaded.length === 0) {
    return <ProblemNotice error={deployments.error} retry={() => deployments.refetch()} />
  }
  if (!deployments.data) return <SkeletonRows count={6} />
  if (loaded.length === 0 && !filtered) {
    return (
      <EmptyState icon={Rocket} title="No deployments yet">
        Use “Deploy” above, or set up the webhook so that every push deploys.
      </EmptyState>
    )
  }
  return (
    <>
      <Filters search={search} refs={refs} onChoose={choose} />
      {loaded.length > 0 ? (
        <div className={deployments.isPlaceholderData ? 'opacity-60 transition-opacity' : undefined}>
          <DeploymentRows deployments={loaded} />
        </div>
      ) : (
        <EmptyState
          icon={Rocket}
          title="No deployment matches"
          action={<Button onClick={() => navigate({ search: {}, replace: true })}>Show all</Button>}
        >
          All deployments of this project were looked at.
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

/** Branches and commits of the newest deployments, whatever the list shows, and the chosen one. */
function useRefs(project: string, chosen: string | undefined): string[] {
  const newest = useDeployments(project)
  return useMemo(() => {
    const names = newest.data?.pages.flatMap((page) => page.items.map((item) => item.ref)) ?? []
    return [...new Set(chosen ? [...names, chosen] : names)].sort()
  }, [newest.data, chosen])
}

function Filters(props: {
  search: DeploymentSearch
  refs: string[]
  onChoose: (change: Record<string, string>) => void
}) {
  const { search, refs, onChoose } = props
  return (
    <div className="mb-4 flex flex-wrap gap-2 max-sm:[&>*]:min-w-40 max-sm:[&>*]:flex-1">
      <Select
        aria-label="Status"
        className="w-40"
        value={search.status ?? ''}
        onChange={(event) => onChoose({ status: event.target.value })}
      >
        <option value="">Any status</option>
        <option value="active">On their way</option>
        <option value="ready">Ready</option>
        <option value="failed">Failed</option>
        <option value="stopped">Stopped</option>
      </Select>
      {(refs.length > 1 || search.ref) && (
        <Select
          aria-label="Branch"
          className="w-48"
          value={search.ref ?? ''}
          onChange={(event) => onChoose({ ref: event.target.value })}
        >
          <option value="">Any branch</option>
          {refs.map((name) => (
            <option key={name} value={name}>
              {name === 'HEAD' ? 'default branch' : name}
            </option>
          ))}
        </Select>
      )}
      <Select
        aria-label="Reason"
        className="w-40"
        value={search.trigger ?? ''}
        onChange={(event) => onChoose({ trigger: event.target.value })}
      >
        <option value="">Any reason</option>
        <option value="webhook">By push</option>
        <option value="manual">By hand</option>
        <option value="redeploy">Redeploys</option>
        <option value="poll">By polling</option>
      </Select>
    </div>
  )
}
