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
          toast({ title: 'A new key is made', detail: 'Enter its public part at the Git host.' })
        },
        onError: replacing ? () => {} : showProblem,
      },
    )
  return (
    <Card>
      <CardHeader
        title="Deploy key"
        description="An SSH key that may read this one repository; for an address like git@host:owner/name.git."
        actions={
          canWrite &&
          (isMissing || key.data) && (
            <Button
              size="sm"
              loading={make.isPending && !replacing}
              onClick={isMissing ? onMake : () => setReplacing(true)}
            >
              {isMissing ? 'Make a key' : 'Replace'}
            </Button>
          )
        }
      />
      <div className="p-5 text-sm">
        {key.data && !isMissing ? (
          <Key value={key.data} onForgotten={() => key.refetch()} />
        ) : isMissing ? (
          <p className="text-ink-2">
            None. It is needed only for a private repository that is fetched over SSH; the private part never
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
        action="Make a new one"
        danger
        pending={make.isPending}
        error={make.error}
        onConfirm={onMake}
      >
        The present key is forgotten. Deployments fail until the new one's public part is entered at the Git
        host.
      </ConfirmDialog>
    </Card>
  )
}

function Key({ value, onForgotten }: { value: DeployKey; onForgotten: () => void }) {
  return (
    <div className="flex flex-col gap-5">
      <div>
        <p className="mb-1.5 font-medium text-[13px]">Public part</p>
        <div className="flex items-center gap-1 rounded-control border bg-raised/50 py-1 pr-1 pl-3">
          <code className="min-w-0 flex-1 break-all font-mono text-[13px]">{value.public_key}</code>
          <CopyButton text={value.public_key} label="Copy the public part" />
        </div>
        <p className="mt-1.5 text-[13px] text-ink-3">
          Enter it at the Git host as a deploy key with the right to read. Made{' '}
          <TimeAgo at={value.created_at} />.
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
            title: "The server's key is forgotten",
            detail: 'The next deployment trusts the one it finds.',
          })
        },
      },
    )
  return (
    <div>
      <p className="mb-1.5 flex items-center gap-2 font-medium text-[13px]">
        The Git server's own key
        {hasChanged ? (
          <Badge tone="bad">Changed</Badge>
        ) : (
          <Badge tone={value.host_key ? 'ok' : 'idle'}>
            {value.host_key ? 'Trusted' : 'Not visited yet'}
          </Badge>
        )}
      </p>
      {hasChanged && (
        <Notice tone="bad" title="The server showed another key at the last deployment" className="mb-3">
          Nothing was fetched. Ask whoever runs the Git server whether it has a new key; only then have the
          old one forgotten.
        </Notice>
      )}
      {value.host_key ? (
        <>
          <div className="flex items-center gap-1 rounded-control border bg-raised/50 py-1 pr-1 pl-3">
            <code className="min-w-0 flex-1 break-all font-mono text-[13px]">{value.host_key}</code>
            <CopyButton text={value.host_key} label="Copy the server's key" />
          </div>
          <p className="mt-1.5 text-[13px] text-ink-3">
            Trusted since{' '}
            {value.host_key_learned_at ? <TimeAgo at={value.host_key_learned_at} /> : 'its first visit'}. A
            server that shows another key gets no visit: the deployment fails and says so. When the server was
            really set up anew, have its key forgotten.
          </p>
          {canWrite && (
            <Button size="sm" className="mt-3" onClick={() => setAsked(true)}>
              Forget it
            </Button>
          )}
        </>
      ) : (
        <p className="text-[13px] text-ink-3">
          The first deployment learns it, and every later one insists on it.
        </p>
      )}
      <ConfirmDialog
        open={asked}
        onOpenChange={setAsked}
        title="Forget the server's key?"
        action="Forget it"
        danger
        pending={forget.isPending}
        error={forget.error}
        onConfirm={onForget}
      >
        The next deployment trusts whatever key it meets. Do this only when you know that the Git server has a
        new one: otherwise somebody else may be answering in its place.
      </ConfirmDialog>
    </div>
  )
}
