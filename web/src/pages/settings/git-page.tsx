// How the code gets here: what deploys, the webhook, the key and the connection to the Git host, and what arrived.

import { Link } from '@tanstack/react-router'
import { GitBranch } from 'lucide-react'
import { ThroughApp } from '@/features/github/through-app'
import { usePageTitle } from '@/hooks/use-page-title'
import { useRights } from '@/hooks/use-session'
import { useCurrentProject } from '@/pages/project/use-current-project'
import { Button } from '@/ui/button'
import { EmptyState } from '@/ui/empty-state'
import { DeliveriesCard } from './deliveries-card'
import { DeployKeyCard } from './deploy-key-card'
import { ProviderCard } from './provider-card'
import { PushCard } from './push-card'
import { PushStatus } from './push-status'
import { WebhookCard } from './webhook-card'

export function GitPage() {
  const project = useCurrentProject()
  usePageTitle('Git', project.name)
  const { canWrite } = useRights()
  if (!project.repo_url) return <NoRepository />
  const app = project.github_repository
  return (
    <>
      <PushStatus />
      <PushCard />
      {app && <ThroughApp repository={app} />}
      {canWrite && !app && <WebhookCard />}
      <DeliveriesCard />
      <ProviderCard />
      {!app && <DeployKeyCard />}
    </>
  )
}

function NoRepository() {
  const { slug, source } = useCurrentProject()
  return (
    <EmptyState
      icon={GitBranch}
      title="No repository connected"
      action={
        <Button asChild>
          <Link to="/projects/$project/settings" params={{ project: slug }}>
            Connect a repository
          </Link>
        </Button>
      }
    >
      This project is {source === 'upload' ? 'deployed from a folder' : 'made from a template'}. Connect a
      repository to deploy on every push.
    </EmptyState>
  )
}
