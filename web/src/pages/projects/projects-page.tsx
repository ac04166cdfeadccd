import { Link } from '@tanstack/react-router'
import { Plus, Rocket, Search } from 'lucide-react'
import { lazy, Suspense, useDeferredValue, useMemo, useState } from 'react'
import { type Project, useProjects } from '@/api/queries'
import { ProblemNotice } from '@/components/problem-notice'
import { usePageTitle } from '@/hooks/use-page-title'
import { useRights } from '@/hooks/use-session'
import { Button } from '@/ui/button'
import { EmptyState } from '@/ui/empty-state'
import { PageHeader } from '@/ui/page-header'
import { Select } from '@/ui/select'
import { Skeleton } from '@/ui/skeleton'
import { ProjectCard } from './project-card'
import { type ProjectSort, selectProjects } from './select-projects'

const TemplateGallery = lazy(() =>
  import('@/pages/new-project/template-gallery').then((module) => ({ default: module.TemplateGallery })),
)

const GRID = 'grid grid-cols-1 gap-4 sm:grid-cols-2 xl:grid-cols-3'
/** Fewer are in sight at once; a search field would be noise. */
const SEARCHABLE_FROM = 4

export function ProjectsPage() {
  usePageTitle('Projects')
  const projects = useProjects()
  const { canWrite } = useRights()
  const button = canWrite && (
    <Button asChild variant="primary">
      <Link to="/new">
        <Plus className="size-4" /> New project
      </Link>
    </Button>
  )
  const empty = projects.data?.length === 0
  return (
    <>
      <PageHeader title="Projects" actions={!empty && button} />
      {projects.data ? (
        empty ? (
          <FirstProject />
        ) : (
          <ProjectGrid projects={projects.data} />
        )
      ) : projects.error ? (
        <ProblemNotice error={projects.error} retry={() => projects.refetch()} />
      ) : (
        <div className={GRID} role="status" aria-label="Loading projects">
          {['a', 'b', 'c'].map((key) => (
            <Skeleton key={key} className="h-44 rounded-card!" />
          ))}
        </div>
      )}
    </>
  )
}

function ProjectGrid({ projects }: { projects: Project[] }) {
  const [query, setQuery] = useState('')
  const [sort, setSort] = useState<ProjectSort>('activity')
  const wanted = useDeferredValue(query)
  const shown = useMemo(() => selectProjects(projects, wanted, sort), [projects, wanted, sort])
  return (
    <>
      {projects.length >= SEARCHABLE_FROM && (
        <div className="mb-4 flex flex-wrap gap-2">
          <div className="relative min-w-36 flex-1">
            <Search aria-hidden className="-translate-y-1/2 absolute top-1/2 left-3 size-4 text-ink-3" />
            <input
              type="search"
              aria-label="Search projects"
              placeholder={`Search ${projects.length} projects`}
              className="control pl-9 text-sm"
              value={query}
              onChange={(event) => setQuery(event.target.value)}
            />
          </div>
          <Select
            aria-label="Sort by"
            className="w-44 max-sm:w-40"
            value={sort}
            onChange={(event) => setSort(event.target.value as ProjectSort)}
          >
            <option value="activity">Latest activity</option>
            <option value="name">Name</option>
            <option value="created">Newest</option>
          </Select>
        </div>
      )}
      {shown.length === 0 ? (
        <EmptyState
          icon={Search}
          title="No project matches"
          action={<Button onClick={() => setQuery('')}>Clear the search</Button>}
        >
          Names, addresses and repositories were searched for “{wanted}”.
        </EmptyState>
      ) : (
        <ul className={GRID}>
          {shown.map((project) => (
            <ProjectCard key={project.id} project={project} />
          ))}
        </ul>
      )}
    </>
  )
}

function FirstProject() {
  const { canWrite } = useRights()
  return (
    <div className="flex flex-col gap-8">
      <EmptyState
        icon={Rocket}
        title="Deploy your first project"
        action={
          canWrite && (
            <Button asChild variant="primary">
              <Link to="/new">
                <Plus className="size-4" /> New project
              </Link>
            </Button>
          )
        }
      >
        {canWrite
          ? 'Import a Git repository, upload a folder, or start from a template and be live with one click.'
          : 'Nothing is here yet. Whoever may make projects can begin with a repository or a template.'}
      </EmptyState>
      {canWrite && (
        <Suspense>
          <TemplateGallery />
        </Suspense>
      )}
    </div>
  )
}
