import { useNavigate } from '@tanstack/react-router'
import { client } from '@/api/client'
import { refreshProject } from '@/api/queries'
import { showProblem } from '@/hooks/use-deploy'
import { useRights } from '@/hooks/use-session'
import { newKey } from '@/lib/new-key'
import { useCurrentProject } from '@/pages/project/use-current-project'

/** The action of a toast that builds what is live again, with the settings and variables of now; none without something live. */
export function useRedeploy() {
  const project = useCurrentProject()
  const navigate = useNavigate()
  const { canDeploy } = useRights()
  const live = project.live_deployment
  if (!live || !canDeploy) return {}
  // The toast outlives the dialog that showed it, so this depends on nothing that is gone with it.
  const redeploy = async () => {
    const { data, error } = await client.POST('/api/v1/deployments/{id}/redeploy', {
      params: { path: { id: live.id }, header: { 'Idempotency-Key': newKey() } },
    })
    if (!data) throw error
    refreshProject()
    await navigate({
      to: '/projects/$project/deployments/$deployment',
      params: { project: project.slug, deployment: data.id },
    })
  }
  return { action: { label: 'Redeploy', run: () => void redeploy().catch(showProblem) } }
}
