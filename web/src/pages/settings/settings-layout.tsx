import { Link, Outlet } from '@tanstack/react-router'
import { useActiveInSight } from '@/hooks/use-active-in-sight'
import { useRights } from '@/hooks/use-session'
import { useCurrentProject } from '@/pages/project/use-current-project'
import { Notice } from '@/ui/notice'

const PAGES = [
  ['/projects/$project/settings', 'General', true],
  ['/projects/$project/settings/build', 'Build', false],
  ['/projects/$project/settings/runtime', 'Runtime', false],
  ['/projects/$project/settings/storage', 'Storage', false],
  ['/projects/$project/settings/environment', 'Environment variables', false],
  ['/projects/$project/settings/domains', 'Domains', false],
  ['/projects/$project/settings/git', 'Git', false],
  ['/projects/$project/settings/previews', 'Previews', false],
  ['/projects/$project/settings/danger', 'Danger zone', false],
] as const

export function SettingsLayout() {
  const { slug } = useCurrentProject()
  const { canWrite } = useRights()
  const row = useActiveInSight()
  return (
    <div className="grid gap-6 lg:grid-cols-[12rem_minmax(0,1fr)] lg:gap-10">
      <nav
        ref={row}
        aria-label="Settings"
        className="-mx-4 overflow-x-auto px-4 lg:mx-0 lg:overflow-visible lg:px-0"
      >
        <div className="flex gap-1 lg:sticky lg:top-8 lg:flex-col">
          {PAGES.map(([to, label, exact]) => (
            <Link
              key={to}
              to={to}
              params={{ project: slug }}
              activeOptions={{ exact, includeSearch: false }}
              className="whitespace-nowrap rounded-control px-3 py-2 text-ink-2 text-sm hover:bg-hover hover:text-ink data-[status=active]:bg-hover data-[status=active]:font-medium data-[status=active]:text-ink"
            >
              {label}
            </Link>
          ))}
        </div>
      </nav>
      <div className="flex min-w-0 flex-col gap-6">
        {!canWrite && (
          <Notice tone="info" title="You have read-only access">
            Only team owners can change settings.
          </Notice>
        )}
        <Outlet />
      </div>
    </div>
  )
}
