// Ctrl-K: every project, page and action by a few letters. Loaded at its first use.

import { useNavigate, useParams } from '@tanstack/react-router'
import { Command, defaultFilter, useCommandState } from 'cmdk'
import {
  Activity,
  Braces,
  ExternalLink,
  GitBranch,
  Globe,
  History,
  Layers,
  LayoutDashboard,
  LayoutGrid,
  LogOut,
  type LucideIcon,
  Monitor,
  Moon,
  Plus,
  Rocket,
  ScrollText,
  Settings,
  Sun,
  UserRound,
} from 'lucide-react'
import { type ReactNode, useMemo } from 'react'
import { type Project, useProjects } from '@/api/queries'
import { useDeploy } from '@/hooks/use-deploy'
import { useRights } from '@/hooks/use-session'
import { useSignOut } from '@/hooks/use-sign-out'
import { useTheme } from '@/hooks/use-theme'
import { selectProjects } from '@/pages/projects/select-projects'
import { Dialog } from '@/ui/dialog'
import { DeploymentDot } from './deployment-status'

/** Projects in the list at once. */
const OFFERED = 20

/** Places before actions: who types the beginning of a page's name and presses Enter wants to look, not to act. */
const PAGES = [
  ['/projects/$project', 'Overview', LayoutDashboard],
  ['/projects/$project/deployments', 'Deployments', History],
  ['/projects/$project/logs', 'Runtime logs', ScrollText],
  ['/projects/$project/environments', 'Environments and previews', Layers],
  ['/projects/$project/settings', 'Settings', Settings],
  ['/projects/$project/settings/environment', 'Environment variables', Braces],
  ['/projects/$project/settings/domains', 'Domains', Globe],
  ['/projects/$project/settings/git', 'Git: webhook, deploy key, reports', GitBranch],
] as const
/** Projects whose pages are offered to who types a project's name and more. */
const OPENED = 3

export default function CommandPalette({ onClose }: { onClose: () => void }) {
  const { project } = useParams({ strict: false })
  return (
    <Dialog open onOpenChange={(open) => !open && onClose()} title="Find anything" place="top" bare>
      <Command label="Find anything" loop>
        <Command.Input
          placeholder="A project, a page, something to do…"
          className="h-13 w-full border-b bg-transparent px-5 text-base outline-none placeholder:text-ink-3"
        />
        <Command.List className="max-h-[min(24rem,60dvh)] overflow-y-auto p-2">
          <Command.Empty className="px-3 py-8 text-center text-ink-2 text-sm">
            Nothing by that name.
          </Command.Empty>
          {project && <ProjectGroup slug={project} onClose={onClose} />}
          <ProjectsGroup onClose={onClose} />
          <EverywhereGroup onClose={onClose} />
        </Command.List>
      </Command>
    </Dialog>
  )
}

type GroupProps = { onClose: () => void }

function ProjectGroup({ slug, onClose }: GroupProps & { slug: string }) {
  const navigate = useNavigate()
  const deploy = useDeploy(slug)
  const { canDeploy } = useRights()
  const project = useProjects().data?.find((one) => one.slug === slug)
  const params = { project: slug }
  const go = (run: () => void) => () => {
    onClose()
    run()
  }
  return (
    <Group heading={project?.name ?? slug}>
      {PAGES.map(([to, label, icon]) => (
        <Item key={to} icon={icon} onSelect={go(() => navigate({ to, params }))}>
          {label}
        </Item>
      ))}
      {project?.live_deployment && (
        <Item icon={ExternalLink} onSelect={go(() => window.open(project.url, '_blank', 'noreferrer'))}>
          Open the site
        </Item>
      )}
      {canDeploy && (
        <Item icon={Rocket} onSelect={go(() => deploy.run())}>
          Deploy now
        </Item>
      )}
    </Group>
  )
}

function ProjectsGroup({ onClose }: GroupProps) {
  const navigate = useNavigate()
  const { data } = useProjects()
  const search = useCommandState((state) => state.search)
  const offered = useMemo(() => offer(data ?? [], search), [data, search])
  const [first = '', ...more] = search.trim().split(/\s+/)
  const opened = more.length > 0 ? offer(data ?? [], first).slice(0, OPENED) : []
  if (offered.length + opened.length === 0) return null
  const go = (project: Project, to: (typeof PAGES)[number][0]) => () => {
    onClose()
    navigate({ to, params: { project: project.slug } })
  }
  return (
    <Group heading="Projects">
      {offered.map((project) => (
        <Item
          key={project.id}
          value={nameOf(project)}
          mark={project.latest_deployment && <DeploymentDot status={project.latest_deployment.status} />}
          onSelect={go(project, '/projects/$project')}
        >
          {project.name}
        </Item>
      ))}
      {opened.flatMap((project) =>
        PAGES.map(([to, label, icon]) => (
          <Item
            key={project.id + to}
            icon={icon}
            value={`${nameOf(project)} ${label}`}
            onSelect={go(project, to)}
          >
            {`${project.name}: ${label}`}
          </Item>
        )),
      )}
    </Group>
  )
}

/** The latest without a search, the best matches with one: what nobody would scroll to is not drawn. */
function offer(projects: Project[], search: string): Project[] {
  if (!search) return selectProjects(projects, '', 'activity').slice(0, OFFERED)
  const scored = projects.map((project) => ({ project, score: defaultFilter(nameOf(project), search) }))
  return scored
    .filter((one) => one.score > 0)
    .sort((a, b) => b.score - a.score)
    .slice(0, OFFERED)
    .map((one) => one.project)
}

function nameOf(project: Project): string {
  return `${project.name} ${project.slug}`
}

function EverywhereGroup({ onClose }: GroupProps) {
  const navigate = useNavigate()
  const signOut = useSignOut()
  const { canWrite } = useRights()
  const [, setTheme] = useTheme()
  const go = (run: () => void) => () => {
    onClose()
    run()
  }
  return (
    <Group heading="Everywhere">
      {canWrite && (
        <Item icon={Plus} onSelect={go(() => navigate({ to: '/new' }))}>
          New project
        </Item>
      )}
      <Item icon={LayoutGrid} onSelect={go(() => navigate({ to: '/' }))}>
        All projects
      </Item>
      <Item icon={Activity} onSelect={go(() => navigate({ to: '/system' }))}>
        System status
      </Item>
      <Item icon={UserRound} onSelect={go(() => navigate({ to: '/account' }))}>
        Account and API tokens
      </Item>
      <Item icon={Sun} onSelect={go(() => setTheme('light'))}>
        Light theme
      </Item>
      <Item icon={Moon} onSelect={go(() => setTheme('dark'))}>
        Dark theme
      </Item>
      <Item icon={Monitor} onSelect={go(() => setTheme('system'))}>
        Theme as the system
      </Item>
      <Item icon={LogOut} onSelect={go(signOut)}>
        Sign out
      </Item>
    </Group>
  )
}

function Group({ heading, children }: { heading: string; children: ReactNode }) {
  return (
    <Command.Group
      heading={heading}
      className="[&_[cmdk-group-heading]]:px-3 [&_[cmdk-group-heading]]:py-2 [&_[cmdk-group-heading]]:text-ink-3 [&_[cmdk-group-heading]]:text-xs"
    >
      {children}
    </Command.Group>
  )
}

function Item(props: {
  icon?: LucideIcon
  mark?: ReactNode
  value?: string
  onSelect: () => void
  children: string
}) {
  return (
    <Command.Item
      value={props.value ?? props.children}
      onSelect={props.onSelect}
      className="flex h-10 cursor-pointer items-center gap-3 rounded-md px-3 text-sm data-[selected=true]:bg-hover"
    >
      <span className="grid size-4 place-items-center text-ink-3">
        {props.icon ? <props.icon aria-hidden className="size-4" /> : props.mark}
      </span>
      {props.children}
    </Command.Item>
  )
}
