import { Braces, Ellipsis, EyeOff, FileText, Pencil, Plus, Trash2 } from 'lucide-react'
import { useState } from 'react'
import { api, type Schemas } from '@/api/client'
import { ConfirmDialog } from '@/components/confirm-dialog'
import { ProblemNotice } from '@/components/problem-notice'
import { TimeAgo } from '@/components/time-ago'
import { showProblem } from '@/hooks/use-deploy'
import { usePageTitle } from '@/hooks/use-page-title'
import { useRights } from '@/hooks/use-session'
import { useCurrentProject } from '@/pages/project/use-current-project'
import { Badge } from '@/ui/badge'
import { Button } from '@/ui/button'
import { Card, CardHeader } from '@/ui/card'
import { EmptyState } from '@/ui/empty-state'
import { Menu, MenuItem, MenuSeparator } from '@/ui/menu'
import { SkeletonRows } from '@/ui/skeleton'
import { toast } from '@/ui/toast'
import { EnvPasteDialog } from './env-paste-dialog'
import { EnvVarDialog, SCOPES, TARGETS } from './env-var-dialog'

type EnvVar = Schemas['EnvVar']
type Editing = { variable: EnvVar | null }

export function EnvironmentPage() {
  const project = useCurrentProject()
  usePageTitle('Environment variables', project.name)
  const { canWrite } = useRights()
  const params = { path: { project: project.slug } }
  const variables = api.useQuery('get', '/api/v1/projects/{project}/env', { params })
  const [editing, setEditing] = useState<Editing | null>(null)
  const [deleting, setDeleting] = useState<EnvVar | null>(null)
  const [pasting, setPasting] = useState(false)
  const changed = () => variables.refetch()
  const items = variables.data?.items
  const buttons = canWrite && (
    <>
      <Button size="sm" onClick={() => setPasting(true)}>
        <FileText className="size-4" /> Paste .env
      </Button>
      <Button size="sm" variant="primary" onClick={() => setEditing({ variable: null })}>
        <Plus className="size-4" /> Add
      </Button>
    </>
  )
  return (
    <>
      {variables.error ? (
        <ProblemNotice error={variables.error} retry={changed} />
      ) : !items ? (
        <SkeletonRows count={4} className="h-12" />
      ) : items.length === 0 ? (
        <EmptyState icon={Braces} title="No environment variables" action={buttons}>
          Database URLs, API keys and other settings that your code reads from its environment.
        </EmptyState>
      ) : (
        <Card>
          <CardHeader
            title="Environment variables"
            description="Changes take effect on the next deployment. Running deployments keep the values they started with."
            actions={<div className="flex gap-2">{buttons}</div>}
          />
          <ul className="divide-y">
            {items.map((variable) => (
              <Row
                key={`${variable.name}-${variable.target}`}
                variable={variable}
                onEdit={() => setEditing({ variable })}
                onDelete={() => setDeleting(variable)}
              />
            ))}
          </ul>
        </Card>
      )}
      <EnvVarDialog editing={editing} onClose={() => setEditing(null)} onSaved={changed} />
      <EnvPasteDialog
        open={pasting}
        onClose={() => setPasting(false)}
        onSaved={changed}
        existing={items ?? []}
      />
      <DeleteDialog variable={deleting} onClose={() => setDeleting(null)} onDeleted={changed} />
    </>
  )
}

function Row(props: { variable: EnvVar; onEdit: () => void; onDelete: () => void }) {
  const { variable } = props
  const { canWrite } = useRights()
  return (
    <li className="flex items-center gap-4 px-5 py-3">
      <div className="grid min-w-0 flex-1 items-center gap-x-4 gap-y-0.5 md:grid-cols-[minmax(0,2fr)_minmax(0,2fr)_minmax(11rem,auto)]">
        <code className="truncate font-mono text-[13px]" title={variable.name}>
          {variable.name}
        </code>
        {variable.secret ? (
          <span className="flex items-center gap-1.5 text-ink-3 text-sm">
            <EyeOff aria-hidden className="size-3.5" /> Secret
          </span>
        ) : (
          <code className="truncate font-mono text-[13px] text-ink-2" title={variable.value ?? ''}>
            {variable.value || <span className="text-ink-3">(empty)</span>}
          </code>
        )}
        <span className="flex flex-wrap items-center gap-x-2 gap-y-1 text-[13px] text-ink-3 md:justify-end">
          {variable.target !== 'all' && (
            <Badge tone={variable.target === 'preview' ? 'info' : 'ok'}>{TARGETS[variable.target]}</Badge>
          )}
          {variable.scope !== 'all' && <Badge>{SCOPES[variable.scope]}</Badge>}
          <TimeAgo at={variable.updated_at} />
        </span>
      </div>
      {canWrite && (
        <Menu
          label={`Actions for ${variable.name}`}
          trigger={
            <Button variant="ghost" size="icon" aria-label={`Actions for ${variable.name}`}>
              <Ellipsis className="size-4" />
            </Button>
          }
        >
          <MenuItem onSelect={props.onEdit}>
            <Pencil /> Edit
          </MenuItem>
          <MenuSeparator />
          <MenuItem danger onSelect={props.onDelete}>
            <Trash2 /> Delete
          </MenuItem>
        </Menu>
      )}
    </li>
  )
}

function DeleteDialog(props: { variable: EnvVar | null; onClose: () => void; onDeleted: () => void }) {
  const project = useCurrentProject()
  const remove = api.useMutation('delete', '/api/v1/projects/{project}/env/{key}')
  const put = api.useMutation('put', '/api/v1/projects/{project}/env/{key}')
  const { variable } = props
  const name = variable?.name ?? ''
  /** A secret value is known to nobody any more, so it cannot come back. */
  const undo = ({ secret, value, scope, target }: EnvVar) =>
    secret
      ? {}
      : {
          action: {
            label: 'Undo',
            run: () =>
              put.mutate(
                {
                  params: { path: { project: project.slug, key: name } },
                  body: { value, secret, scope, target },
                },
                { onSuccess: props.onDeleted, onError: showProblem },
              ),
          },
        }
  return (
    <ConfirmDialog
      open={variable !== null}
      onOpenChange={(open) => !open && props.onClose()}
      title={`Delete ${name}?`}
      action="Delete"
      danger
      pending={remove.isPending}
      error={remove.error}
      onConfirm={() =>
        remove.mutate(
          {
            params: {
              path: { project: project.slug, key: name },
              query: { target: variable?.target ?? 'all' },
            },
          },
          {
            onSuccess: () => {
              props.onDeleted()
              props.onClose()
              toast({
                title: `${name} deleted`,
                detail: 'Takes effect on the next deployment.',
                ...(variable && undo(variable)),
              })
            },
          },
        )
      }
    >
      It is removed from the next deployment on.{' '}
      {variable?.secret && 'Its value is secret and cannot be recovered.'}
    </ConfirmDialog>
  )
}
