import { useNavigate } from '@tanstack/react-router'
import { Plus } from 'lucide-react'
import { useState } from 'react'
import type { Deployment } from '@/api/queries'
import { RefForm } from '@/components/deploy/ref-form'
import { useRights } from '@/hooks/use-session'
import { useCurrentProject } from '@/pages/project/use-current-project'
import { Button } from '@/ui/button'
import { Dialog } from '@/ui/dialog'

/** A preview by hand: any branch, whatever the settings say about pushes. */
export function DeployPreview({ onDeployed }: { onDeployed: () => void }) {
  const project = useCurrentProject()
  const navigate = useNavigate()
  const { canDeploy } = useRights()
  const [open, setOpen] = useState(false)
  if (!canDeploy) return null
  const follow = (deployment: Deployment) => {
    setOpen(false)
    onDeployed()
    navigate({
      to: '/projects/$project/deployments/$deployment',
      params: { project: project.slug, deployment: deployment.id },
    })
  }
  return (
    <>
      <Button size="sm" variant="primary" onClick={() => setOpen(true)}>
        <Plus className="size-4" /> Preview a branch
      </Button>
      <Dialog
        open={open}
        onOpenChange={setOpen}
        title="Preview a branch"
        description="Builds the branch now and gives it its own URL. Production is not affected."
      >
        <RefForm project={project.slug} preview onClose={() => setOpen(false)} onDeployed={follow} />
      </Dialog>
    </>
  )
}
