import { useMutation } from '@tanstack/react-query'
import { client, type Schemas } from '@/api/client'
import { type Deployment, refreshProject } from '@/api/queries'
import { showProblem } from '@/hooks/use-deploy'

type NewProject = { project: Schemas['CreateProject']; variables: Schemas['ReplaceEnvVars']['variables'] }
type Created = { project: Schemas['CreatedProject']; deployment: Deployment | null }

/** Makes the project, gives it its variables, and deploys it. A project that was made stays, whatever comes after. */
export function useCreateProject() {
  return useMutation<Created, unknown, NewProject>({
    mutationFn: async ({ project: body, variables }) => {
      const { data: project, error } = await client.POST('/api/v1/projects', { body })
      if (!project) throw error
      const deployment = await start(project.slug, variables).catch((problem: unknown) => {
        showProblem(problem)
        return null
      })
      await refreshProject()
      return { project, deployment }
    },
  })
}

async function start(project: string, variables: NewProject['variables']): Promise<Deployment> {
  const params = { path: { project } }
  if (variables.length > 0) {
    const stored = await client.PUT('/api/v1/projects/{project}/env', {
      params,
      body: { variables, keep_others: true },
    })
    if (!stored.data) throw stored.error
  }
  const { data, error } = await client.POST('/api/v1/projects/{project}/deployments', { params, body: {} })
  if (!data) throw error
  return data
}
