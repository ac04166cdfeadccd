import { Link } from '@tanstack/react-router'
import { RotateCw } from 'lucide-react'
import { api, type Schemas } from '@/api/client'
import { ProblemNotice, sentence } from '@/components/problem-notice'
import { TimeAgo } from '@/components/time-ago'
import { showProblem } from '@/hooks/use-deploy'
import { useRights } from '@/hooks/use-session'
import { useCurrentProject } from '@/pages/project/use-current-project'
import { Badge } from '@/ui/badge'
import { Button } from '@/ui/button'
import { Card, CardHeader } from '@/ui/card'
import { SkeletonRows } from '@/ui/skeleton'
import { toast } from '@/ui/toast'

type Delivery = Schemas['WebhookDelivery']

/** Every push that arrived with a valid signature, and what was made of it. */
export function DeliveriesCard() {
  const project = useCurrentProject()
  const deliveries = api.useQuery('get', '/api/v1/projects/{project}/webhook-deliveries', {
    params: { path: { project: project.slug } },
  })
  const items = deliveries.data?.items
  return (
    <Card>
      <CardHeader title="Deliveries" description="What arrived with a valid signature, newest first." />
      {deliveries.error ? (
        <div className="p-5">
          <ProblemNotice error={deliveries.error} retry={() => deliveries.refetch()} />
        </div>
      ) : !items ? (
        <div className="p-5">
          <SkeletonRows count={2} className="h-10" />
        </div>
      ) : items.length === 0 ? (
        <p className="p-5 text-ink-2 text-sm">
          None yet. Once the webhook is set up, the Git host sends a first one to try it.
        </p>
      ) : (
        <ul className="divide-y">
          {items.map((delivery) => (
            <Row key={delivery.id} delivery={delivery} onReplayed={() => deliveries.refetch()} />
          ))}
        </ul>
      )}
    </Card>
  )
}

const VERDICTS: Record<Delivery['verdict'], string> = {
  deployed: 'Deployed',
  waiting: 'Waiting for approval',
  removed: 'Preview removed',
  ignored: 'Ignored',
  duplicate: 'Received before',
}

function Row({ delivery, onReplayed }: { delivery: Delivery; onReplayed: () => void }) {
  const project = useCurrentProject()
  const { canDeploy } = useRights()
  const replay = api.useMutation('post', '/api/v1/projects/{project}/webhook-deliveries/{id}/replay')
  const again = () =>
    replay.mutate(
      { params: { path: { project: project.slug, id: delivery.id } } },
      {
        onSuccess: (result) => {
          toast({
            title: result.verdict === 'deployed' ? 'Deploying again' : 'Nothing to deploy',
            detail: sentence(result.reason),
          })
          onReplayed()
        },
        onError: showProblem,
      },
    )
  return (
    <li className="flex items-center gap-4 px-5 py-3 text-sm">
      <span className="w-18 shrink-0">
        <Badge tone={delivery.verdict === 'deployed' ? 'ok' : 'idle'}>{VERDICTS[delivery.verdict]}</Badge>
      </span>
      <div className="min-w-0 flex-1">
        <p className="truncate">
          <span className="font-medium">{delivery.event}</span>{' '}
          <span className="text-ink-2">{sentence(delivery.reason)}</span>
        </p>
        <p className="flex flex-wrap gap-x-3 text-[13px] text-ink-3">
          <TimeAgo at={delivery.received_at} />
          <code className="truncate font-mono">{delivery.delivery_id}</code>
        </p>
      </div>
      {delivery.deployment_id && (
        <Link
          to="/projects/$project/deployments/$deployment"
          params={{ project: project.slug, deployment: delivery.deployment_id }}
          className="link whitespace-nowrap"
        >
          Deployment
        </Link>
      )}
      {canDeploy && (
        <Button
          variant="ghost"
          size="icon"
          aria-label="Do it again"
          title="Do it again"
          loading={replay.isPending}
          onClick={again}
        >
          <RotateCw className="size-4" />
        </Button>
      )}
    </li>
  )
}
