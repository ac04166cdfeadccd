import { Link } from '@tanstack/react-router'
import { ExternalLink, Trash2 } from 'lucide-react'
import { useState } from 'react'
import { api, type Schemas } from '@/api/client'
import { CommitLine } from '@/components/commit-line'
import { ConfirmDialog } from '@/components/confirm-dialog'
import { DeploymentStatus } from '@/components/deployment-status'
import { TimeAgo } from '@/components/time-ago'
import { useRights } from '@/hooks/use-session'
import { hostOf } from '@/lib/address'
import { useCurrentProject } from '@/pages/project/use-current-project'
import { Badge } from '@/ui/badge'
import { Button } from '@/ui/button'
import { CopyButton } from '@/ui/copy-button'
import { toast } from '@/ui/toast'
import { environmentName } from './environment-name'

type Environment = Schemas['Environment']

export function EnvironmentRow(props: {
  environment: Environment
  latest: Schemas['Deployment'] | undefined
  onRemoved: () => void
}) {
  const { environment, latest } = props
  const project = useCurrentProject()
  const { canDeploy } = useRights()
  const name = environmentName(environment)
  const isLive = environment.live_deployment_id !== null
  return (
    <li className="flex items-start gap-4 px-5 py-4 text-sm">
      <div className="grid min-w-0 flex-1 gap-x-6 gap-y-2 md:grid-cols-2">
        <div className="min-w-0">
          {/* The card of production is called so already. */}
          {environment.kind === 'preview' && <Name environment={environment} name={name} />}
          <p className="-my-1.5 flex items-center gap-1">
            {isLive ? (
              <a
                href={environment.url}
                target="_blank"
                rel="noreferrer"
                className="link flex min-w-0 items-center gap-1.5"
              >
                <span className="truncate">{hostOf(environment.url)}</span>
                <ExternalLink aria-hidden className="size-3.5 shrink-0" />
              </a>
            ) : (
              <span className="truncate text-ink-3">{hostOf(environment.url)} (not live)</span>
            )}
            <CopyButton text={environment.url} label={`Copy the URL of ${name}`} />
          </p>
        </div>
        <div className="min-w-0">
          {latest ? (
            <>
              <p className="flex min-w-0 items-center gap-2.5">
                <DeploymentStatus status={latest.status} />
                <Link
                  to="/projects/$project/deployments/$deployment"
                  params={{ project: project.slug, deployment: latest.id }}
                  className="link shrink-0"
                >
                  #{latest.number}
                </Link>
                <TimeAgo at={latest.created_at} className="truncate text-ink-3" />
              </p>
              <p className="mt-1 text-ink-2">
                <CommitLine deployment={latest} />
              </p>
            </>
          ) : (
            <p className="text-ink-3">
              Last deployed <TimeAgo at={environment.updated_at} />
            </p>
          )}
        </div>
      </div>
      {environment.kind === 'preview' && canDeploy ? (
        <RemovePreview environment={environment} name={name} onRemoved={props.onRemoved} />
      ) : (
        // The columns of both lists stand below each other.
        <span className="w-8 shrink-0 max-md:hidden" />
      )}
    </li>
  )
}

function Name({ environment, name }: { environment: Environment; name: string }) {
  const request = environment.pull_request
  return (
    <p className="mb-1.5 flex flex-wrap items-center gap-x-2 gap-y-1 font-medium">
      {request?.url ? (
        <a href={request.url} target="_blank" rel="noreferrer" className="min-w-0 truncate hover:underline">
          {name}
        </a>
      ) : (
        <span className="min-w-0 truncate">{name}</span>
      )}
      {request?.from_fork && <Badge tone="warn">From a fork</Badge>}
    </p>
  )
}

function RemovePreview(props: { environment: Environment; name: string; onRemoved: () => void }) {
  const project = useCurrentProject()
  const [open, setOpen] = useState(false)
  const remove = api.useMutation('delete', '/api/v1/projects/{project}/environments/{id}')
  const onConfirm = () =>
    remove.mutate(
      { params: { path: { project: project.slug, id: props.environment.id } } },
      {
        onSuccess: () => {
          setOpen(false)
          props.onRemoved()
          toast({ title: `Preview of ${props.name} removed` })
        },
      },
    )
  return (
    <>
      <Button variant="ghost" size="icon" aria-label={`Remove ${props.name}`} onClick={() => setOpen(true)}>
        <Trash2 className="size-4" />
      </Button>
      <ConfirmDialog
        open={open}
        onOpenChange={setOpen}
        title={`Remove the preview of ${props.name}?`}
        action="Remove"
        danger
        pending={remove.isPending}
        error={remove.error}
        onConfirm={onConfirm}
      >
        {hostOf(props.environment.url)} goes offline immediately. The next push to its{' '}
        {props.environment.pull_request ? 'pull request' : 'branch'} creates it again.
      </ConfirmDialog>
    </>
  )
}
