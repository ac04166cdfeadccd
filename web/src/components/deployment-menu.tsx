import { useQueryClient } from '@tanstack/react-query'
import { CircleStop, Ellipsis, ExternalLink, Link2, RotateCw, Undo2 } from 'lucide-react'
import { type Deployment, projectQuery } from '@/api/queries'
import { useDeploymentActions } from '@/hooks/use-deployment-actions'
import { copyText } from '@/lib/clipboard'
import { Button } from '@/ui/button'
import { Menu, MenuItem } from '@/ui/menu'
import { toast } from '@/ui/toast'

export function DeploymentMenu({ deployment }: { deployment: Deployment }) {
  const cache = useQueryClient()
  const project = cache.getQueryData(projectQuery(deployment.project_slug).queryKey)
  const actions = useDeploymentActions(deployment, project?.live_deployment)
  const label = `Actions for deployment #${deployment.number}`
  const copy = async () => {
    if (await copyText(deployment.url)) toast({ title: 'Address copied', detail: deployment.url })
  }
  return (
    <Menu
      label={label}
      trigger={
        <Button variant="ghost" size="icon" className="relative" aria-label={label}>
          <Ellipsis className="size-4" />
        </Button>
      }
    >
      {actions.canMakeLive && (
        <MenuItem onSelect={actions.makeLive}>
          <Undo2 /> {actions.makeLiveLabel}
        </MenuItem>
      )}
      {actions.canCancel && (
        <MenuItem onSelect={actions.cancel}>
          <CircleStop /> Cancel
        </MenuItem>
      )}
      {actions.canRedeploy && (
        <MenuItem onSelect={actions.redeploy}>
          <RotateCw /> Redeploy
        </MenuItem>
      )}
      {deployment.status === 'READY' && (
        <MenuItem asChild>
          <a href={deployment.url} target="_blank" rel="noreferrer">
            <ExternalLink /> Open this deployment
          </a>
        </MenuItem>
      )}
      <MenuItem onSelect={copy}>
        <Link2 /> Copy its address
      </MenuItem>
    </Menu>
  )
}
