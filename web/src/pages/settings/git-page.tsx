import { usePageTitle } from '@/hooks/use-page-title'
import { useRights } from '@/hooks/use-session'
import { useCurrentProject } from '@/pages/project/use-current-project'
import { Card } from '@/ui/card'
import { Switch } from '@/ui/switch'
import { DeliveriesCard } from './deliveries-card'
import { useSaveProject } from './use-save-project'
import { WebhookCard } from './webhook-card'

export function GitPage() {
  const project = useCurrentProject()
  usePageTitle('Webhook', project.name)
  const { canWrite } = useRights()
  return (
    <>
      <AutoDeployCard />
      {canWrite && <WebhookCard />}
      <DeliveriesCard />
    </>
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
