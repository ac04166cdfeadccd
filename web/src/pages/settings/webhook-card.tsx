import { Eye, EyeOff, RotateCw } from 'lucide-react'
import { type ReactNode, useState } from 'react'
import { api } from '@/api/client'
import { ConfirmDialog } from '@/components/confirm-dialog'
import { ProblemNotice } from '@/components/problem-notice'
import { useCurrentProject } from '@/pages/project/use-current-project'
import { Button } from '@/ui/button'
import { Card, CardHeader } from '@/ui/card'
import { CopyButton } from '@/ui/copy-button'
import { Skeleton } from '@/ui/skeleton'
import { toast } from '@/ui/toast'

/** What to enter at the Git host, so that a push deploys. */
export function WebhookCard() {
  const project = useCurrentProject()
  const params = { path: { project: project.slug } }
  const webhook = api.useQuery('get', '/api/v1/projects/{project}/webhook', { params }, { gcTime: 0 })
  const [shown, setShown] = useState(false)
  const [rotating, setRotating] = useState(false)
  const rotate = api.useMutation('post', '/api/v1/projects/{project}/webhook/rotate')
  const onRotate = () =>
    rotate.mutate(
      { params },
      {
        onSuccess: () => {
          webhook.refetch()
          setRotating(false)
          toast({
            title: 'Secret replaced',
            detail: 'Update it at your Git host; the old one no longer works.',
          })
        },
      },
    )
  return (
    <Card>
      <CardHeader
        title="Webhook"
        description="Add a webhook with these values in your repository's settings. Content type: application/json. Events: push and pull requests."
      />
      <div className="p-5">
        {webhook.error ? (
          <ProblemNotice error={webhook.error} retry={() => webhook.refetch()} />
        ) : webhook.data ? (
          <div className="flex flex-col gap-4">
            <Value label="Payload URL" text={webhook.data.url}>
              <CopyButton text={webhook.data.url} label="Copy the payload URL" />
            </Value>
            <Value label="Secret" text={shown ? webhook.data.secret : '•'.repeat(16)}>
              <Button
                variant="ghost"
                size="icon"
                aria-label={shown ? 'Hide the secret' : 'Show the secret'}
                onClick={() => setShown(!shown)}
              >
                {shown ? <EyeOff className="size-4" /> : <Eye className="size-4" />}
              </Button>
              <CopyButton text={webhook.data.secret} label="Copy the secret" />
              <Button
                variant="ghost"
                size="icon"
                aria-label="Replace the secret"
                title="Replace the secret"
                onClick={() => setRotating(true)}
              >
                <RotateCw className="size-4" />
              </Button>
            </Value>
          </div>
        ) : (
          <Skeleton className="h-28" />
        )}
      </div>
      <ConfirmDialog
        open={rotating}
        onOpenChange={setRotating}
        title="Replace the secret?"
        action="Replace secret"
        danger
        pending={rotate.isPending}
        error={rotate.error}
        onConfirm={onRotate}
      >
        Deliveries signed with the current secret are rejected immediately, until you update the secret at
        your Git host.
      </ConfirmDialog>
    </Card>
  )
}

function Value(props: { label: string; text: string; children: ReactNode }) {
  return (
    <div>
      <p className="mb-1.5 font-medium text-[13px]">{props.label}</p>
      <div className="flex items-center gap-1 rounded-control border bg-raised/50 py-1 pr-1 pl-3">
        <code className="min-w-0 flex-1 break-all font-mono text-[13px]">{props.text}</code>
        {props.children}
      </div>
    </div>
  )
}
