import { useNavigate } from '@tanstack/react-router'
import { useRef } from 'react'
import { api } from '@/api/client'
import { asProblem } from '@/api/problem'
import { type Deployment, refreshProject } from '@/api/queries'
import { sentence } from '@/components/problem-notice'
import { newKey } from '@/lib/new-key'
import { toast } from '@/ui/toast'

/** Starts a deployment and goes to its log. A repeated click or a lost answer makes one deployment, not two. */
export function useDeploy(project: string) {
  const navigate = useNavigate()
  const key = useRef(newKey())
  const mutation = api.useMutation('post', '/api/v1/projects/{project}/deployments')
  // Awaited here: what is passed to `mutate` is not called when the menu or palette that began it has closed.
  const run = async (ref?: string) => {
    try {
      const deployment = await mutation.mutateAsync({
        params: { path: { project }, header: { 'Idempotency-Key': key.current } },
        body: ref ? { ref } : {},
      })
      key.current = newKey()
      refreshProject()
      openDeployment(deployment)
    } catch (error) {
      showProblem(error)
    }
  }
  const openDeployment = (deployment: Deployment) =>
    navigate({
      to: '/projects/$project/deployments/$deployment',
      params: { project: deployment.project_slug, deployment: deployment.id },
    })
  return { run, pending: mutation.isPending }
}

export function showProblem(error: unknown): void {
  const problem = asProblem(error)
  const hint = problem.hint ? ` ${sentence(problem.hint)}` : ''
  const request = problem.request_id ? ` Request ${problem.request_id}.` : ''
  toast({ tone: 'bad', title: problem.title, detail: `${sentence(problem.detail)}${hint}${request}` })
}
