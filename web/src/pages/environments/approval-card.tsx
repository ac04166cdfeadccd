// A fork's pull request: somebody from outside wants their code built here. One head is approved, or none.

import { useNavigate } from '@tanstack/react-router'
import { ExternalLink } from 'lucide-react'
import { useState } from 'react'
import { api, type Schemas } from '@/api/client'
import { ConfirmDialog } from '@/components/confirm-dialog'
import { useRights } from '@/hooks/use-session'
import { repositoryPage } from '@/lib/address'
import { useCurrentProject } from '@/pages/project/use-current-project'
import { Button } from '@/ui/button'
import { CopyButton } from '@/ui/copy-button'
import { Notice } from '@/ui/notice'
import { toast } from '@/ui/toast'
import { environmentName } from './environment-name'

const SHORT_SHA = 7

export function ApprovalCard(props: { environment: Schemas['Environment']; onDone: () => void }) {
  const { environment } = props
  const { canDeploy } = useRights()
  const [asked, setAsked] = useState<'approve' | 'decline' | null>(null)
  const head = environment.head ?? ''
  const close = () => setAsked(null)
  return (
    <Notice
      tone="warn"
      title={`${environmentName(environment)} is waiting for approval`}
      actions={
        canDeploy && (
          <>
            <Button size="sm" variant="primary" onClick={() => setAsked('approve')}>
              Approve {head.slice(0, SHORT_SHA)}
            </Button>
            <Button size="sm" onClick={() => setAsked('decline')}>
              Decline
            </Button>
          </>
        )
      }
    >
      <p>
        This pull request comes from a fork and may contain code from someone outside your team. Nothing has
        been built. Review the changes first: you approve exactly this commit, and later commits need a new
        approval.
      </p>
      <Head environment={environment} />
      <ApproveDialog
        environment={environment}
        open={asked === 'approve'}
        onClose={close}
        onDone={props.onDone}
      />
      <DeclineDialog
        environment={environment}
        open={asked === 'decline'}
        onClose={close}
        onDone={props.onDone}
      />
    </Notice>
  )
}

function Head({ environment }: { environment: Schemas['Environment'] }) {
  const project = useCurrentProject()
  const head = environment.head ?? ''
  const page =
    environment.pull_request?.url ?? (project.repo_url ? repositoryPage(project.repo_url, head) : null)
  return (
    <p className="mt-2 flex flex-wrap items-center gap-x-3">
      <span className="flex min-w-0 items-center gap-1">
        <code className="break-all font-mono text-[13px] text-ink">{head}</code>
        <CopyButton text={head} label="Copy the commit hash" />
      </span>
      {page && (
        <a href={page} target="_blank" rel="noreferrer" className="link inline-flex items-center gap-1.5">
          Review the changes <ExternalLink aria-hidden className="size-3.5" />
        </a>
      )}
    </p>
  )
}

type DialogProps = {
  environment: Schemas['Environment']
  open: boolean
  onClose: () => void
  onDone: () => void
}

function ApproveDialog({ environment, open, onClose, onDone }: DialogProps) {
  const project = useCurrentProject()
  const navigate = useNavigate()
  const approve = api.useMutation('post', '/api/v1/projects/{project}/environments/{id}/approve')
  const head = environment.head ?? ''
  const onConfirm = () =>
    approve.mutate(
      { params: { path: { project: project.slug, id: environment.id } }, body: { head } },
      {
        onSuccess: (deployment) => {
          onClose()
          onDone()
          navigate({
            to: '/projects/$project/deployments/$deployment',
            params: { project: project.slug, deployment: deployment.id },
          })
        },
      },
    )
  return (
    <ConfirmDialog
      open={open}
      onOpenChange={(next) => !next && onClose()}
      title={`Build ${head.slice(0, SHORT_SHA)} of ${environmentName(environment)}?`}
      action="Approve and build"
      keep="Not now"
      pending={approve.isPending}
      error={approve.error}
      onConfirm={onConfirm}
    >
      <p>
        This commit's code runs on your server, in a sandbox, to build it. It gets none of the project's
        secret variables and uses separate caches. Anyone can open the resulting preview URL.
      </p>
    </ConfirmDialog>
  )
}

function DeclineDialog({ environment, open, onClose, onDone }: DialogProps) {
  const project = useCurrentProject()
  const remove = api.useMutation('delete', '/api/v1/projects/{project}/environments/{id}')
  const onConfirm = () =>
    remove.mutate(
      { params: { path: { project: project.slug, id: environment.id } } },
      {
        onSuccess: () => {
          onClose()
          onDone()
          toast({ title: 'Declined', detail: 'Nothing was built. The next commit asks for approval again.' })
        },
      },
    )
  return (
    <ConfirmDialog
      open={open}
      onOpenChange={(next) => !next && onClose()}
      title={`Decline ${environmentName(environment)}?`}
      action="Decline"
      danger
      pending={remove.isPending}
      error={remove.error}
      onConfirm={onConfirm}
    >
      Nothing is built, and an existing preview of it is removed. The pull request stays open at your Git
      host; its next commit asks for approval again.
    </ConfirmDialog>
  )
}
