import { Link, type LinkProps } from '@tanstack/react-router'
import { Activity, GitBranch, LayoutGrid, type LucideIcon, Plus, Search } from 'lucide-react'
import { useProjects } from '@/api/queries'
import { useRights } from '@/hooks/use-session'
import { Kbd } from '@/ui/kbd'
import { Logo } from '@/ui/logo'
import { DeploymentDot } from './deployment-status'
import { UserMenu } from './user-menu'

/** More are found by search. */
const PROJECTS_SHOWN = 8

const ITEM =
  'flex h-9 shrink-0 items-center pointer-coarse:h-11 gap-2.5 rounded-control px-2.5 text-ink-2 text-sm hover:bg-hover hover:text-ink data-[status=active]:bg-hover data-[status=active]:font-medium data-[status=active]:text-ink'

export function Sidebar({ onSearch }: { onSearch: () => void }) {
  return (
    <div className="flex h-full flex-col gap-4 p-3">
      <Link to="/" className="px-2 pt-1.5">
        <Logo />
      </Link>
      <button
        type="button"
        onClick={onSearch}
        className="flex h-9 items-center gap-2 rounded-control border pointer-coarse:h-11 border-line-strong bg-canvas px-2.5 text-ink-3 text-sm hover:border-ink-3"
      >
        <Search aria-hidden className="size-4" />
        Find anything
        <span className="ml-auto pointer-coarse:hidden">
          <Kbd>Ctrl K</Kbd>
        </span>
      </button>
      <nav aria-label="Main" className="flex min-h-0 flex-1 flex-col gap-0.5 overflow-y-auto">
        <NavItem
          icon={LayoutGrid}
          label="Projects"
          to="/"
          activeOptions={{ exact: true, includeSearch: false }}
        />
        <NavItem icon={GitBranch} label="GitHub" to="/github" />
        <NavItem icon={Activity} label="System" to="/system" />
        <RecentProjects />
      </nav>
      <UserMenu />
    </div>
  )
}

function NavItem({ icon: Icon, label, ...link }: { icon: LucideIcon; label: string } & LinkProps) {
  return (
    <Link className={ITEM} {...link}>
      <Icon aria-hidden className="size-4" />
      {label}
    </Link>
  )
}

function RecentProjects() {
  const { data } = useProjects()
  const { canWrite } = useRights()
  if (!data || data.length === 0) return null
  return (
    <>
      <div className="mt-5 mb-1 flex items-center justify-between px-2.5">
        <h2 className="font-medium text-ink-3 text-xs">Recent</h2>
        {canWrite && (
          <Link
            to="/new"
            aria-label="New project"
            className="rounded p-0.5 text-ink-3 hover:text-ink pointer-coarse:-m-2 pointer-coarse:p-2.5"
          >
            <Plus className="size-4" />
          </Link>
        )}
      </div>
      {[...data]
        .sort((a, b) => lastChange(b).localeCompare(lastChange(a)))
        .slice(0, PROJECTS_SHOWN)
        .map((project) => (
          <Link key={project.id} to="/projects/$project" params={{ project: project.slug }} className={ITEM}>
            <span className="grid size-4 shrink-0 place-items-center">
              {project.latest_deployment ? (
                <DeploymentDot status={project.latest_deployment.status} />
              ) : (
                <span aria-hidden className="size-2 rounded-full border border-ink-3" />
              )}
            </span>
            <span className="truncate">{project.name}</span>
          </Link>
        ))}
    </>
  )
}

function lastChange(project: {
  latest_deployment?: { created_at: string } | null
  created_at: string
}): string {
  return project.latest_deployment?.created_at ?? project.created_at
}
