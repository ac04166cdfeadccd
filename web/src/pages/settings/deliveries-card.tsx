import { useInfiniteQuery } from '@tanstack/react-query'
import { Link } from '@tanstack/react-router'
import { RotateCw } from 'lucide-react'
import { api, client, type Schemas } from '@/api/client'
import { ProblemNotice, sentence } from '@/components/problem-notice'
import { TimeAgo } from '@/components/time-ago'
import { showProblem } from '@/hooks/use-deploy'
import { useRights } from '@/hooks/use-session'
import { useCurrentProject } from '@/pages/project/use-current-project'
import { Badge, type Tone } from '@/ui/badge'
import { Button } from '@/ui/button'
import { Card, CardHeader } from '@/ui/card'
import { Prose } from '@/ui/prose'
import { SkeletonRows } from '@/ui/skeleton'
import { toast } from '@/ui/toast'
import { FORGES } from './forges'

type Delivery = Schemas['WebhookDelivery']

const PAGE = 20
/** Somebody who sets up a webhook waits for its first delivery. */
const REFRESH_MS = 10_000

/** Every push that arrived with a valid signature, and what was made of it. */
export function DeliveriesCard() {
  const project = useCurrentProject()
  const deliveries = useDeliveries(project.slug)
  const items = deliveries.data?.pages.flatMap((page) => page.items)
  return (
    <Card>
      <CardHeader
        title="Recent deliveries"
        description="Webhook deliveries with a valid signature, newest first."
      />
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
          No deliveries yet. Your Git host sends a test delivery as soon as the webhook is set up.
        </p>
      ) : (
        <ul className="divide-y">
          {items.map((delivery) => (
            <Row key={delivery.id} delivery={delivery} onReplayed={() => deliveries.refetch()} />
          ))}
        </ul>
      )}
      {deliveries.hasNextPage && (
        <div className="border-t p-3 text-center">
          <Button
            size="sm"
            loading={deliveries.isFetchingNextPage}
            onClick={() => deliveries.fetchNextPage()}
          >
            Load older deliveries
          </Button>
        </div>
      )}
    </Card>
  )
}

/** The project's deliveries, newest first; shared by all that look at them. */
export function useDeliveries(project: string) {
  return useInfiniteQuery({
    queryKey: ['deliveries', project],
    initialPageParam: undefined as string | undefined,
    refetchInterval: REFRESH_MS,
    queryFn: async ({ pageParam, signal }) => {
      const { data, error } = await client.GET('/api/v1/projects/{project}/webhook-deliveries', {
        params: { path: { project }, query: { limit: PAGE, ...(pageParam && { cursor: pageParam }) } },
        signal,
      })
      if (!data) throw error
      return data
    },
    getNextPageParam: (page) => page.next_cursor ?? undefined,
  })
}

const VERDICTS: Record<Delivery['verdict'], string> = {
  deployed: 'Deployed',
  waiting: 'Waiting for approval',
  removed: 'Preview removed',
  ignored: 'Ignored',
  duplicate: 'Duplicate',
}

const TONES: Record<Delivery['verdict'], Tone> = {
  deployed: 'ok',
  waiting: 'warn',
  removed: 'idle',
  ignored: 'idle',
  duplicate: 'idle',
}

const REPLAYED: Record<Delivery['verdict'], string> = {
  deployed: 'Deployment started',
  waiting: 'Waiting for approval',
  removed: 'Preview removed',
  ignored: 'Nothing to deploy',
  duplicate: 'Duplicate',
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
            title: REPLAYED[result.verdict],
            detail: sentence(result.reason),
          })
          onReplayed()
        },
        onError: showProblem,
      },
    )
  return (
    <li className="flex flex-wrap items-center gap-x-4 gap-y-1 px-5 py-3 text-sm">
      <span className="w-38 shrink-0 max-sm:w-full">
        <Badge tone={TONES[delivery.verdict]}>{VERDICTS[delivery.verdict]}</Badge>
      </span>
      <div className="min-w-0 flex-1">
        <p className="line-clamp-2 break-words">
          <span className="font-medium">{FORGES[delivery.forge] ?? delivery.forge}</span>{' '}
          <span className="font-medium">{delivery.event}</span>{' '}
          <span className="text-ink-2">
            <Prose>{sentence(delivery.reason)}</Prose>
          </span>
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
          View deployment
        </Link>
      )}
      {canDeploy && (
        <Button
          variant="ghost"
          size="icon"
          aria-label="Redeliver"
          title="Redeliver"
          loading={replay.isPending}
          onClick={again}
        >
          <RotateCw className="size-4" />
        </Button>
      )}
    </li>
  )
}
