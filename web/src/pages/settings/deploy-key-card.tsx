// The project's SSH key for a private repository, and the Git server's own key, which was trusted at the first visit.

import { useState } from 'react'
import { api, type Schemas } from '@/api/client'
import { asProblem } from '@/api/problem'
import { ConfirmDialog } from '@/components/confirm-dialog'
import { ProblemNotice } from '@/components/problem-notice'
import { TimeAgo } from '@/components/time-ago'
import { showProblem } from '@/hooks/use-deploy'
import { useRights } from '@/hooks/use-session'
import { useCurrentProject } from '@/pages/project/use-current-project'
import { Badge } from '@/ui/badge'
import { Button } from '@/ui/button'
import { Card, CardHeader } from '@/ui/card'
import { CopyButton } from '@/ui/copy-button'
import { Notice } from '@/ui/notice'
import { Skeleton } from '@/ui/skeleton'
import { toast } from '@/ui/toast'

type DeployKey = Schemas['DeployKey']

/** Code of the error with which a deployment refuses a server that has another key. */
const HOST_KEY_CHANGED = 'git_host_key_changed'

export function DeployKeyCard() {
  const project = useCurrentProject()
  const { canWrite } = useRights()
  const params = { path: { project: project.slug } }
  const key = api.useQuery('get', '/api/v1/projects/{project}/deploy-key', { params })
  const make = api.useMutation('post', '/api/v1/projects/{project}/deploy-key')
  const [replacing, setReplacing] = useState(false)
  const isMissing = key.error !== null && asProblem(key.error).status === 404
  const onMake = () =>
    make.mutate(
      { params },
      {
        onSuccess: () => {
          key.refetch()
          setReplacing(false)
          toast({ title: 'Deploy key generated', detail: 'Add its public key to your Git host.' })
        },
        onError: replacing ? () => {} : showProblem,
      },
    )
  return (
    <Card>
      <CardHeader
        title="Deploy key"
        description="A read-only SSH key for this repository, used with URLs like git@host:owner/name.git."
        actions={
          canWrite &&
          (isMissing || key.data) && (
            <Button
              size="sm"
              loading={make.isPending && !replacing}
              onClick={isMissing ? onMake : () => setReplacing(true)}
            >
              {isMissing ? 'Generate key' : 'Replace key'}
            </Button>
          )
        }
      />
      <div className="p-5 text-sm">
        {key.data && !isMissing ? (
          <Key value={key.data} onForgotten={() => key.refetch()} />
        ) : isMissing ? (
          <p className="text-ink-2">
            No deploy key yet. You need one only for a private repository over SSH. The private key never
            leaves this machine.
          </p>
        ) : key.error ? (
          <ProblemNotice error={key.error} retry={() => key.refetch()} />
        ) : (
          <Skeleton className="h-16" />
        )}
      </div>
      <ConfirmDialog
        open={replacing}
        onOpenChange={setReplacing}
        title="Replace the deploy key?"
        action="Replace key"
        danger
        pending={make.isPending}
        error={make.error}
        onConfirm={onMake}
      >
        The current key is deleted. Deployments fail until you add the new public key to your Git host.
      </ConfirmDialog>
    </Card>
  )
}

function Key({ value, onForgotten }: { value: DeployKey; onForgotten: () => void }) {
  return (
    <div className="flex flex-col gap-5">
      <div>
        <p className="mb-1.5 font-medium text-[13px]">Public key</p>
        <div className="flex items-center gap-1 rounded-control border bg-raised/50 py-1 pr-1 pl-3">
          <code className="min-w-0 flex-1 break-all font-mono text-[13px]">{value.public_key}</code>
          <CopyButton text={value.public_key} label="Copy the public key" />
        </div>
        <p className="mt-1.5 text-[13px] text-ink-3">
          Add it to your Git host as a read-only deploy key. Created <TimeAgo at={value.created_at} />.
        </p>
      </div>
      <HostKey value={value} onForgotten={onForgotten} />
    </div>
  )
}

function HostKey({ value, onForgotten }: { value: DeployKey; onForgotten: () => void }) {
  const project = useCurrentProject()
  const { canWrite } = useRights()
  const [asked, setAsked] = useState(false)
  const hasChanged = project.latest_deployment?.error?.code === HOST_KEY_CHANGED
  const forget = api.useMutation('delete', '/api/v1/projects/{project}/deploy-key/host-key')
  const onForget = () =>
    forget.mutate(
      { params: { path: { project: project.slug } } },
      {
        onSuccess: () => {
          setAsked(false)
          onForgotten()
          toast({
            title: 'Host key reset',
            detail: 'The next deployment trusts the key the server presents.',
          })
        },
      },
    )
  return (
    <div>
      <p className="mb-1.5 flex items-center gap-2 font-medium text-[13px]">
        Git server host key
        {hasChanged ? (
          <Badge tone="bad">Changed</Badge>
        ) : (
          <Badge tone={value.host_key ? 'ok' : 'idle'}>
            {value.host_key ? 'Trusted' : 'Not connected yet'}
          </Badge>
        )}
      </p>
      {hasChanged && (
        <Notice tone="bad" title="The host key changed since the last deployment" className="mb-3">
          Nothing was fetched. Check with whoever runs the Git server that its key really changed before you
          reset it here.
        </Notice>
      )}
      {value.host_key ? (
        <>
          <div className="flex items-center gap-1 rounded-control border bg-raised/50 py-1 pr-1 pl-3">
            <code className="min-w-0 flex-1 break-all font-mono text-[13px]">{value.host_key}</code>
            <CopyButton text={value.host_key} label="Copy the host key" />
          </div>
          <p className="mt-1.5 text-[13px] text-ink-3">
            First seen{' '}
            {value.host_key_learned_at ? (
              <TimeAgo at={value.host_key_learned_at} />
            ) : (
              'at the first deployment'
            )}
            . Deployments fail if the server presents a different key. Reset it only if the server's key
            really changed.
          </p>
          {canWrite && (
            <Button size="sm" className="mt-3" onClick={() => setAsked(true)}>
              Reset host key
            </Button>
          )}
        </>
      ) : (
        <p className="text-[13px] text-ink-3">
          The first deployment saves it; every later one requires the same key.
        </p>
      )}
      <ConfirmDialog
        open={asked}
        onOpenChange={setAsked}
        title="Reset the host key?"
        action="Reset host key"
        danger
        pending={forget.isPending}
        error={forget.error}
        onConfirm={onForget}
      >
        The next deployment trusts whatever key the server presents. Continue only if you know the Git server
        has a new key; otherwise someone may be impersonating it.
      </ConfirmDialog>
    </div>
  )
}
