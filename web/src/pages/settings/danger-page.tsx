import { useNavigate } from '@tanstack/react-router'
import { useState } from 'react'
import { api, queryClient } from '@/api/client'
import { projectsQuery } from '@/api/queries'
import { ConfirmDialog } from '@/components/confirm-dialog'
import { usePageTitle } from '@/hooks/use-page-title'
import { useRights } from '@/hooks/use-session'
import { hostOf } from '@/lib/address'
import { useCurrentProject } from '@/pages/project/use-current-project'
import { Button } from '@/ui/button'
import { Card } from '@/ui/card'
import { toast } from '@/ui/toast'

export function DangerPage() {
  const project = useCurrentProject()
  usePageTitle('Danger zone', project.name)
  const { canWrite } = useRights()
  const navigate = useNavigate()
  const [open, setOpen] = useState(false)
  const remove = api.useMutation('delete', '/api/v1/projects/{project}')
  const onConfirm = () =>
    remove.mutate(
      { params: { path: { project: project.slug } } },
      {
        onSuccess: async () => {
          await navigate({ to: '/' })
          queryClient.setQueryData(projectsQuery.queryKey, (list) =>
            list?.filter((item) => item.id !== project.id),
          )
          queryClient.invalidateQueries({ queryKey: ['projects'] })
          toast({ title: `${project.name} deleted` })
        },
      },
    )
  return (
    <Card className="border-bad/40!">
      <div className="flex flex-wrap items-center justify-between gap-4 px-5 py-4">
        <div className="min-w-0 flex-1">
          <h2 className="font-semibold text-[15px]">Delete this project</h2>
          <p className="mt-0.5 text-ink-2 text-sm">
            Takes its sites offline and permanently deletes its deployments, variables, domains and logs. Your
            repository isn't affected.
          </p>
        </div>
        <Button variant="danger" disabled={!canWrite} onClick={() => setOpen(true)}>
          Delete…
        </Button>
      </div>
      <ConfirmDialog
        open={open}
        onOpenChange={setOpen}
        title={`Delete ${project.name}?`}
        typed={project.slug}
        action="Delete project"
        danger
        pending={remove.isPending}
        error={remove.error}
        onConfirm={onConfirm}
      >
        <strong className="font-medium text-ink">{hostOf(project.url)}</strong> goes offline immediately. This
        cannot be undone.
      </ConfirmDialog>
    </Card>
  )
}
