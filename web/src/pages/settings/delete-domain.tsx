import { api } from '@/api/client'
import { ConfirmDialog } from '@/components/confirm-dialog'
import type { Domain } from '@/components/domain-status'
import { useCurrentProject } from '@/pages/project/use-current-project'
import { toast } from '@/ui/toast'

export function DeleteDomain(props: { domain: Domain | null; onClose: () => void; onDeleted: () => void }) {
  const project = useCurrentProject()
  const remove = api.useMutation('delete', '/api/v1/projects/{project}/domains/{hostname}')
  const hostname = props.domain?.hostname ?? ''
  return (
    <ConfirmDialog
      open={props.domain !== null}
      onOpenChange={(open) => !open && props.onClose()}
      title={`Remove ${hostname}?`}
      action="Remove"
      danger
      pending={remove.isPending}
      error={remove.error}
      onConfirm={() =>
        remove.mutate(
          { params: { path: { project: project.slug, hostname } } },
          {
            onSuccess: () => {
              props.onDeleted()
              props.onClose()
              toast({ title: `${hostname} removed` })
            },
          },
        )
      }
    >
      {props.domain?.verified
        ? 'The domain stops answering immediately. Remove its records at your DNS provider too.'
        : "The domain doesn't answer yet, so visitors notice nothing. Remove its records at your DNS provider too."}{' '}
      To use it again, add it with a new TXT record.
    </ConfirmDialog>
  )
}
