// What can be done with a deployment: cancel, build again, make live. Making live can be undone from its toast.

import { useQueryClient } from '@tanstack/react-query'
import { useNavigate } from '@tanstack/react-router'
import { useRef } from 'react'
import { api, client } from '@/api/client'
import { type Deployment, deploymentQuery, refreshProject } from '@/api/queries'
import { isActive } from '@/components/deployment-status'
import { newKey } from '@/lib/new-key'
import { toast } from '@/ui/toast'
import { showProblem } from './use-deploy'
import { useRights } from './use-session'

/** `production` is what visitors of the project get; a preview has a life of its own. */
export function useDeploymentActions(deployment: Deployment, production: Deployment | null | undefined) {
  const live = deployment.environment === 'production' ? production : null
  const navigate = useNavigate()
  const cache = useQueryClient()
  const { canDeploy } = useRights()
  const key = useRef(newKey())
  const cancel = api.useMutation('post', '/api/v1/deployments/{id}/cancel')
  const redeploy = api.useMutation('post', '/api/v1/deployments/{id}/redeploy')
  const params = { path: { id: deployment.id } }
  const active = isActive(deployment.status)
  const direction = live && deployment.number < live.number ? 'rollback' : 'promote'
  return {
    canCancel: canDeploy && active && !deployment.cancel_requested,
    canRedeploy: canDeploy && !active,
    canMakeLive: canDeploy && deployment.status === 'READY' && !deployment.live,
    makeLiveLabel: direction === 'rollback' ? 'Roll back to this' : 'Make live',
    pending: cancel.isPending || redeploy.isPending,
    cancel: () => {
      // Said at once; what the service makes of it replaces this.
      cache.setQueryData(
        deploymentQuery(deployment.id).queryKey,
        (known) => known && { ...known, cancel_requested: true },
      )
      cancel.mutate(
        { params },
        {
          onSuccess: () => toast({ title: `Deployment #${deployment.number} is being cancelled` }),
          onError: showProblem,
          onSettled: () => refreshProject(),
        },
      )
    },
    redeploy: () =>
      redeploy.mutate(
        { params: { ...params, header: { 'Idempotency-Key': key.current } } },
        {
          onSuccess: (next) => {
            key.current = newKey()
            refreshProject()
            navigate({
              to: '/projects/$project/deployments/$deployment',
              params: { project: next.project_slug, deployment: next.id },
            })
          },
          onError: showProblem,
        },
      ),
    makeLive: () => switchRelease(direction, deployment, live ?? null),
  }
}

async function switchRelease(
  direction: 'rollback' | 'promote',
  to: Deployment,
  from: Deployment | null,
): Promise<void> {
  const options = { params: { path: { project: to.project_slug } }, body: { deployment_id: to.id } }
  try {
    const { data, error } =
      direction === 'rollback'
        ? await client.POST('/api/v1/projects/{project}/rollback', options)
        : await client.POST('/api/v1/projects/{project}/promote', options)
    if (!data) throw error
    toast({
      title: data.status === 'pending' ? `#${to.number} is being started` : `#${to.number} is live`,
      detail: data.status === 'pending' ? 'Visitors get it once it is healthy.' : 'Visitors get it now.',
      ...(from && { action: { label: 'Undo', run: () => switchRelease('promote', from, null) } }),
    })
  } catch (error) {
    showProblem(error)
  }
  await refreshProject()
}
