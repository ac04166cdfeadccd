import { useQueryClient } from '@tanstack/react-query'
import { api, type Schemas } from '@/api/client'
import { asProblem, fieldError } from '@/api/problem'
import { type Project, projectQuery, refreshProject } from '@/api/queries'
import { showProblem } from '@/hooks/use-deploy'
import { useCurrentProject } from '@/pages/project/use-current-project'
import { toast } from '@/ui/toast'

type Change = Schemas['UpdateProject']

/** Saves a change of the project's settings; the toast can take it back. */
export function useSaveProject(afterwards = 'Takes effect on the next deployment.') {
  const project = useCurrentProject()
  const cache = useQueryClient()
  const mutation = api.useMutation('patch', '/api/v1/projects/{project}')
  const params = { path: { project: project.slug } }
  const store = (saved: Project) => {
    cache.setQueryData(projectQuery(project.slug).queryKey, saved)
    refreshProject()
  }
  const save = (body: Change, onSaved?: () => void) => {
    const before = previous(project, body)
    mutation.mutate(
      { params, body },
      {
        onSuccess: (saved) => {
          store(saved)
          onSaved?.()
          toast({ title: 'Saved', detail: afterwards, action: { label: 'Undo', run: () => undo(before) } })
        },
      },
    )
  }
  const undo = (body: Change) =>
    mutation.mutate(
      { params, body },
      {
        onSuccess: (saved) => {
          store(saved)
          toast({ title: 'Undone' })
        },
        onError: showProblem,
      },
    )
  const problem = mutation.error ? asProblem(mutation.error) : null
  return {
    save,
    pending: mutation.isPending,
    problem,
    error: (field: string) => fieldError(problem, field),
  }
}

/** The values a change replaces. */
function previous(project: Project, change: Change): Change {
  const before = project as unknown as Record<string, unknown>
  return Object.fromEntries(
    Object.keys(change).map((name) => [name, before[name] ?? null]),
  ) as unknown as Change
}
