import { ExternalLink, Plus, RefreshCw, Trash2 } from 'lucide-react'
import { useState } from 'react'
import { api, type Schemas } from '@/api/client'
import { ConfirmDialog } from '@/components/confirm-dialog'
import { ProblemNotice } from '@/components/problem-notice'
import { useRights } from '@/hooks/use-session'
import { hostOf } from '@/lib/address'
import { Badge } from '@/ui/badge'
import { Button } from '@/ui/button'
import { Card, CardFooter, CardHeader } from '@/ui/card'
import { Notice } from '@/ui/notice'
import { toast } from '@/ui/toast'
import { refreshGitHub, useRefreshApps } from './use-refresh-apps'

type App = Schemas['GitHubApp']

export function AppCard({ app }: { app: App }) {
  const { canWrite } = useRights()
  const refresh = useRefreshApps()
  const [removing, setRemoving] = useState(false)
  return (
    <Card>
      <CardHeader
        title={app.name}
        description={`Owned by ${app.owner} on ${hostOf(app.base_url)}`}
        actions={
          <Button asChild size="sm">
            <a href={app.html_url} target="_blank" rel="noreferrer">
              <ExternalLink className="size-4" /> View on GitHub
            </a>
          </Button>
        }
      />
      {!app.has_webhook && (
        <Notice tone="warn" title="GitHub cannot reach this instance" className="m-5 mb-0">
          Its address works only on this machine or network, so GitHub cannot report pushes. Turn on polling
          in each project's Git settings.
        </Notice>
      )}
      {refresh.error !== null && (
        <div className="p-5 pb-0">
          <ProblemNotice error={refresh.error} />
        </div>
      )}
      <Installations app={app} />
      {canWrite && (
        <CardFooter>
          <Button asChild size="sm" variant={app.installations.length === 0 ? 'primary' : 'secondary'}>
            <a href={app.install_url}>
              <Plus className="size-4" />{' '}
              {app.installations.length === 0 ? 'Install on GitHub' : 'Add account'}
            </a>
          </Button>
          <span className="flex gap-2">
            <Button size="sm" loading={refresh.isPending} onClick={() => refresh.mutate([app.id])}>
              <RefreshCw className="size-4" /> Refresh
            </Button>
            <Button
              size="icon"
              variant="ghost"
              aria-label={`Remove ${app.name}`}
              onClick={() => setRemoving(true)}
            >
              <Trash2 className="size-4" />
            </Button>
          </span>
        </CardFooter>
      )}
      <RemoveApp app={app} open={removing} onClose={() => setRemoving(false)} />
    </Card>
  )
}

function Installations({ app }: { app: App }) {
  if (app.installations.length === 0)
    return (
      <p className="p-5 text-ink-2 text-sm">
        Not installed on any account yet. Install it to give it access to repositories.
      </p>
    )
  return (
    <ul className="divide-y">
      {app.installations.map((installation) => (
        <li key={installation.id} className="flex flex-wrap items-center gap-x-3 gap-y-1 px-5 py-3.5 text-sm">
          <span className="min-w-0 truncate font-medium">{installation.account}</span>
          <Badge>{installation.is_organization ? 'Organization' : 'Personal account'}</Badge>
          {installation.suspended_at && <Badge tone="warn">Suspended</Badge>}
          <span className="text-ink-3">
            {installation.all_repositories ? 'All repositories' : 'Selected repositories'}
          </span>
          <a
            href={installation.html_url}
            target="_blank"
            rel="noreferrer"
            className="ml-auto inline-flex items-center gap-1.5 text-ink-2 underline underline-offset-3 hover:text-ink"
          >
            Manage<span className="sr-only"> {installation.account} on GitHub</span>
          </a>
        </li>
      ))}
    </ul>
  )
}

function RemoveApp({ app, open, onClose }: { app: App; open: boolean; onClose: () => void }) {
  const remove = api.useMutation('delete', '/api/v1/github/apps/{id}')
  return (
    <ConfirmDialog
      open={open}
      onOpenChange={(isOpen) => !isOpen && onClose()}
      title={`Remove “${app.name}”?`}
      action="Remove"
      danger
      pending={remove.isPending}
      error={remove.error}
      onConfirm={() =>
        remove.mutate(
          { params: { path: { id: app.id } } },
          {
            onSuccess: async () => {
              await refreshGitHub()
              onClose()
              toast({ title: `${app.name} removed` })
            },
          },
        )
      }
    >
      Its secrets are deleted. Projects stay, but private repositories can no longer be cloned and pushes no
      longer deploy. The app stays on GitHub until you{' '}
      <a href={app.html_url} target="_blank" rel="noreferrer" className="underline underline-offset-3">
        delete it there
      </a>
      .
    </ConfirmDialog>
  )
}
