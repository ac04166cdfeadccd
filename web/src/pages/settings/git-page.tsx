import { Link } from '@tanstack/react-router'
import { GitBranch } from 'lucide-react'
import { usePageTitle } from '@/hooks/use-page-title'
import { useRights } from '@/hooks/use-session'
import { useCurrentProject } from '@/pages/project/use-current-project'
import { Button } from '@/ui/button'
import { Card } from '@/ui/card'
import { EmptyState } from '@/ui/empty-state'
import { Switch } from '@/ui/switch'
import { DeliveriesCard } from './deliveries-card'
import { useSaveProject } from './use-save-project'
import { WebhookCard } from './webhook-card'

export function GitPage() {
  const project = useCurrentProject()
  usePageTitle('Webhook', project.name)
  const { canWrite } = useRights()
  if (!project.repo_url) return <NoRepository />
  return (
    <>
      <AutoDeployCard />
      {canWrite && <WebhookCard />}
      <DeliveriesCard />
    </>
  )
}

function NoRepository() {
  const { slug } = useCurrentProject()
  return (
    <EmptyState
      icon={GitBranch}
      title="No repository yet"
      action={
        <Button asChild>
          <Link to="/projects/$project/settings" params={{ project: slug }}>
            Connect one
          </Link>
        </Button>
      }
    >
      This project is made from a template. With a repository of its own every push can deploy it.
    </EmptyState>
  )
}

function AutoDeployCard() {
  const project = useCurrentProject()
  const { canWrite } = useRights()
  const { save, pending } = useSaveProject('')
  return (
    <Card className="flex items-center justify-between gap-4 px-5 py-4">
      <div>
        <h2 id="auto-deploy" className="font-semibold text-[15px]">
          Deploy on push
        </h2>
        <p className="mt-0.5 text-ink-2 text-sm">
          A push to {project.branch ?? 'the default branch'} that arrives through the webhook is deployed.
        </p>
      </div>
      <Switch
        aria-labelledby="auto-deploy"
        checked={project.auto_deploy}
        disabled={!canWrite || pending}
        onCheckedChange={(auto_deploy) => save({ auto_deploy })}
      />
    </Card>
  )
}
