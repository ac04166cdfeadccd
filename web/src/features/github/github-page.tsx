// GitHub Apps of the team: connected by one click, installed on accounts, removed.

import { useEffect } from 'react'
import { api } from '@/api/client'
import { ProblemNotice } from '@/components/problem-notice'
import { usePageTitle } from '@/hooks/use-page-title'
import { useRights } from '@/hooks/use-session'
import { PageHeader } from '@/ui/page-header'
import { SkeletonRows } from '@/ui/skeleton'
import { AppCard } from './app-card'
import { ConnectCard } from './connect-card'
import { useRefreshApps } from './use-refresh-apps'

export function GitHubPage({ installed }: { installed: boolean }) {
  usePageTitle('GitHub')
  const apps = api.useQuery('get', '/api/v1/github/apps')
  const { canWrite } = useRights()
  const items = apps.data?.items
  const refresh = useRefreshApps()
  // GitHub sends people back here after an installation, before it tells this instance of it, or without telling it at all.
  const ids = items?.map((app) => app.id).join(' ') ?? ''
  useEffect(() => {
    if (installed && canWrite && ids) refresh.mutate(ids.split(' '))
  }, [installed, canWrite, ids, refresh.mutate])
  return (
    <div className="mx-auto max-w-3xl">
      <PageHeader
        title="GitHub"
        description="Import private repositories, deploy on every push, and see deployment status on GitHub."
      />
      <div className="flex flex-col gap-6">
        {apps.error ? (
          <ProblemNotice error={apps.error} retry={() => apps.refetch()} />
        ) : !items ? (
          <SkeletonRows count={2} className="h-24" />
        ) : (
          <>
            {refresh.error && <ProblemNotice error={refresh.error} />}
            {items.map((app) => (
              <AppCard key={app.id} app={app} />
            ))}
            {canWrite && <ConnectCard first={items.length === 0} />}
            {!canWrite && items.length === 0 && (
              <p className="text-ink-2 text-sm">GitHub is not connected. A team owner can connect it.</p>
            )}
          </>
        )}
      </div>
    </div>
  )
}
