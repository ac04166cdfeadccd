// Whether a push deploys right now, said before anything is set up or looked for.

import { api } from '@/api/client'
import { TimeAgo } from '@/components/time-ago'
import { useRights } from '@/hooks/use-session'
import { useCurrentProject } from '@/pages/project/use-current-project'
import { Button } from '@/ui/button'
import { Notice } from '@/ui/notice'
import { useDeliveries } from './deliveries-card'
import { isLocalAddress } from './local-address'
import { useSaveProject } from './use-save-project'

/** Often enough to seem by itself, seldom enough for any Git host. */
const POLL_MINUTES = 5

const LOCAL_ONLY = (
  <>
    Its address works only on this machine or network, so a Git host on the internet can't call the webhook.
    Turn on polling, or set <code className="font-mono text-[13px]">AETHER_PUBLIC_URL</code> to a public
    address and restart Aether.
  </>
)

export function PushStatus() {
  const project = useCurrentProject()
  const { canWrite } = useRights()
  const params = { path: { project: project.slug } }
  const isApp = project.github_repository !== null && project.github_repository !== undefined
  const deliveries = useDeliveries(project.slug)
  const webhook = api.useQuery(
    'get',
    '/api/v1/projects/{project}/webhook',
    { params },
    { enabled: canWrite && !isApp, gcTime: 0 },
  )
  const apps = api.useQuery('get', '/api/v1/github/apps', {}, { enabled: isApp })
  const [last] = deliveries.data?.pages[0]?.items ?? []
  if (!project.auto_deploy) {
    return (
      <Notice tone="idle" title="Pushes don't deploy">
        Deploy on push is off. Deploy with the Deploy button, the CLI or the API.
      </Notice>
    )
  }
  if (last) {
    return (
      <Notice tone="ok" title="Pushes deploy automatically">
        Last delivery from your Git host <TimeAgo at={last.received_at} />.
      </Notice>
    )
  }
  if (project.poll_minutes > 0) {
    return (
      <Notice tone="ok" title="New commits deploy automatically">
        Aether checks the repository {everyText(project.poll_minutes)}.
      </Notice>
    )
  }
  // Nothing is claimed before it is known.
  if (deliveries.isPending || (isApp ? apps.isPending : canWrite && webhook.isPending)) return null
  const unreachable = isApp
    ? apps.data?.items.every((app) => !app.has_webhook)
    : webhook.data && isLocalAddress(webhook.data.url)
  if (isApp && !unreachable) {
    return (
      <Notice tone="ok" title="Pushes deploy automatically">
        The GitHub App reports every push. None has arrived yet.
      </Notice>
    )
  }
  return (
    <Notice
      tone="warn"
      title={unreachable ? "Pushes can't reach this instance" : "Pushes don't deploy yet"}
      actions={canWrite && <PollButton />}
    >
      {unreachable
        ? LOCAL_ONLY
        : "No webhook delivery has arrived. Add the webhook below in your repository's settings, or turn on polling."}
    </Notice>
  )
}

function PollButton() {
  const { save, pending } = useSaveProject(`Aether checks the repository ${everyText(POLL_MINUTES)}.`)
  return (
    <Button size="sm" loading={pending} onClick={() => save({ poll_minutes: POLL_MINUTES })}>
      Poll {everyText(POLL_MINUTES)}
    </Button>
  )
}

function everyText(minutes: number): string {
  if (minutes === 1) return 'every minute'
  if (minutes === 60) return 'every hour'
  return minutes === 1440 ? 'every day' : `every ${minutes} minutes`
}
