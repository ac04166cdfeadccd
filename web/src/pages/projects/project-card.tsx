import { Link } from '@tanstack/react-router'
import { Ellipsis, ExternalLink, History, Rocket, ScrollText, Settings } from 'lucide-react'
import { memo } from 'react'
import type { Project } from '@/api/queries'
import { CommitLine } from '@/components/commit-line'
import { DeploymentStatus } from '@/components/deployment-status'
import { sourceName } from '@/components/source-line'
import { TimeAgo } from '@/components/time-ago'
import { useDeploy } from '@/hooks/use-deploy'
import { useRights } from '@/hooks/use-session'
import { hostOf } from '@/lib/address'
import { Button } from '@/ui/button'
import { Menu, MenuItem } from '@/ui/menu'

export const ProjectCard = memo(function ProjectCard({ project }: { project: Project }) {
  const latest = project.latest_deployment
  return (
    // Cards out of sight cost nothing: `content-visibility` skips them.
    <li className="group relative flex flex-col rounded-card border bg-surface p-5 transition-colors [contain-intrinsic-size:auto_11rem] [content-visibility:auto] hover:border-line-strong">
      <div className="flex items-start gap-3">
        <Monogram name={project.name} />
        <div className="min-w-0 flex-1">
          <h2 className="truncate font-semibold text-[15px]">
            <Link
              to="/projects/$project"
              params={{ project: project.slug }}
              className="after:absolute after:inset-0 after:rounded-card"
            >
              {project.name}
            </Link>
          </h2>
          {project.live_deployment ? (
            <a
              href={project.url}
              target="_blank"
              rel="noreferrer"
              className="relative block w-fit max-w-full truncate text-ink-2 text-sm leading-[24px] hover:text-ink hover:underline"
            >
              {hostOf(project.url)}
            </a>
          ) : (
            <p className="truncate text-ink-3 text-sm leading-[24px]">not live yet</p>
          )}
        </div>
        <CardMenu project={project} />
      </div>
      <div className="mt-4 min-w-0 text-ink-2 text-sm">
        {latest ? (
          <CommitLine deployment={latest} />
        ) : (
          <p className="truncate text-ink-3">{sourceName(project)}</p>
        )}
      </div>
      <div className="mt-auto flex items-center justify-between gap-3 pt-4 text-ink-3 text-sm">
        {latest ? <DeploymentStatus status={latest.status} /> : <span>No deployment</span>}
        <TimeAgo at={latest?.created_at ?? project.created_at} className="truncate" />
      </div>
    </li>
  )
})

function Monogram({ name }: { name: string }) {
  return (
    <span
      aria-hidden
      className="grid size-9 shrink-0 place-items-center rounded-lg border bg-raised font-semibold text-ink-2 text-sm uppercase"
    >
      {name.slice(0, 1)}
    </span>
  )
}

function CardMenu({ project }: { project: Project }) {
  const deploy = useDeploy(project.slug)
  const { canDeploy, canWrite } = useRights()
  const params = { project: project.slug }
  return (
    <Menu
      label={`Actions for ${project.name}`}
      trigger={
        <Button
          variant="ghost"
          size="icon"
          className="-mt-1 -mr-2 relative"
          aria-label={`Actions for ${project.name}`}
        >
          <Ellipsis className="size-4" />
        </Button>
      }
    >
      {canDeploy && (
        <MenuItem onSelect={() => deploy.run()}>
          <Rocket /> Deploy now
        </MenuItem>
      )}
      {project.live_deployment && (
        <MenuItem asChild>
          <a href={project.url} target="_blank" rel="noreferrer">
            <ExternalLink /> Open the site
          </a>
        </MenuItem>
      )}
      <MenuItem asChild>
        <Link to="/projects/$project/deployments" params={params} search={{}}>
          <History /> Deployments
        </Link>
      </MenuItem>
      <MenuItem asChild>
        <Link to="/projects/$project/logs" params={params}>
          <ScrollText /> Runtime logs
        </Link>
      </MenuItem>
      {canWrite && (
        <MenuItem asChild>
          <Link to="/projects/$project/settings" params={params}>
            <Settings /> Settings
          </Link>
        </MenuItem>
      )}
    </Menu>
  )
}
