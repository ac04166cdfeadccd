// The frame of a project's pages: its name, where it lives, what can be done with it, and its tabs.

import { Link, Outlet, useParams } from '@tanstack/react-router'
import { ExternalLink, Rocket } from 'lucide-react'
import { asProblem } from '@/api/problem'
import { type Project, useProject } from '@/api/queries'
import { DeployFolder, DeployMore } from '@/components/deploy/deploy-more'
import { ProblemNotice } from '@/components/problem-notice'
import { SourceLine } from '@/components/source-line'
import { useActiveInSight } from '@/hooks/use-active-in-sight'
import { useDeploy } from '@/hooks/use-deploy'
import { useRights } from '@/hooks/use-session'
import { hostOf } from '@/lib/address'
import { NotFoundPage } from '@/pages/errors/not-found-page'
import { Button } from '@/ui/button'
import { Skeleton, SkeletonRows } from '@/ui/skeleton'
import { ProjectContext } from './use-current-project'

const TABS = [
  ['/projects/$project', 'Overview', true],
  ['/projects/$project/deployments', 'Deployments', false],
  ['/projects/$project/environments', 'Environments', false],
  ['/projects/$project/logs', 'Logs', false],
  ['/projects/$project/settings', 'Settings', false],
] as const

export function ProjectLayout() {
  const { project: slug } = useParams({ from: '/app/projects/$project' })
  const project = useProject(slug)
  if (project.data) {
    return (
      <ProjectContext value={project.data}>
        <Header project={project.data} />
        <Tabs slug={slug} />
        <Outlet />
      </ProjectContext>
    )
  }
  if (!project.error) return <Loading />
  if (asProblem(project.error).status === 404) {
    return (
      <NotFoundPage title="There is no such project">
        “{slug}” was deleted, or it belongs to a team you are not in.
      </NotFoundPage>
    )
  }
  return <ProblemNotice error={project.error} retry={() => project.refetch()} />
}

function Header({ project }: { project: Project }) {
  const { canDeploy } = useRights()
  const deploy = useDeploy(project.slug)
  return (
    <header className="mb-5 flex flex-wrap items-center justify-between gap-x-6 gap-y-3">
      <div className="min-w-0">
        <h1 className="truncate font-semibold text-2xl tracking-tight">{project.name}</h1>
        <SourceLine project={project} />
      </div>
      <div className="flex gap-2">
        {project.live_deployment && (
          <Button asChild>
            <a href={project.url} target="_blank" rel="noreferrer" title={hostOf(project.url)}>
              Visit <ExternalLink className="size-4" />
            </a>
          </Button>
        )}
        {canDeploy && project.source === 'upload' && <DeployFolder project={project} />}
        {canDeploy && project.source !== 'upload' && (
          <div className="flex gap-px">
            <Button
              variant="primary"
              className="rounded-r-none"
              loading={deploy.pending}
              onClick={() => deploy.run()}
            >
              <Rocket className="size-4" />
              Deploy
            </Button>
            <DeployMore project={project} />
          </div>
        )}
      </div>
    </header>
  )
}

function Tabs({ slug }: { slug: string }) {
  const row = useActiveInSight()
  return (
    <nav ref={row} aria-label="Project" className="-mx-4 sm:-mx-8 mb-6 overflow-x-auto border-b px-4 sm:px-8">
      <div className="flex gap-1">
        {TABS.map(([to, label, exact]) => (
          <Link
            key={to}
            to={to}
            params={{ project: slug }}
            activeOptions={{ exact, includeSearch: false }}
            className="-mb-px border-transparent border-b-2 px-3 py-2.5 text-ink-2 text-sm hover:text-ink data-[status=active]:border-ink data-[status=active]:font-medium data-[status=active]:text-ink"
          >
            {label}
          </Link>
        ))}
      </div>
    </nav>
  )
}

function Loading() {
  return (
    <div role="status" aria-label="Loading the project">
      <Skeleton className="h-8 w-48" />
      <Skeleton className="mt-2 mb-6 h-4 w-64" />
      <Skeleton className="mb-6 h-10" />
      <SkeletonRows count={3} className="h-28" />
    </div>
  )
}
