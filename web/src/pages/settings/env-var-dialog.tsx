import { useForm } from 'react-hook-form'
import { api, type Schemas } from '@/api/client'
import { asProblem, fieldError } from '@/api/problem'
import { ProblemNotice } from '@/components/problem-notice'
import { useCurrentProject } from '@/pages/project/use-current-project'
import { Button } from '@/ui/button'
import { Dialog, DialogActions } from '@/ui/dialog'
import { Field, Input, Textarea } from '@/ui/field'
import { Select } from '@/ui/select'
import { toast } from '@/ui/toast'
import { SecretChoice } from './secret-choice'
import { useRedeploy } from './use-redeploy'

type EnvVar = Schemas['EnvVar']
type Scope = EnvVar['scope']
type Target = EnvVar['target']
type Values = { name: string; value: string; secret: boolean; scope: Scope; target: Target }

export const SCOPES: Record<Scope, string> = {
  all: 'Build and runtime',
  build: 'Build only',
  runtime: 'Runtime only',
}

export const TARGETS: Record<Target, string> = {
  all: 'All environments',
  production: 'Production only',
  preview: 'Previews only',
}

/** Adds a variable, or changes one; a secret one keeps its value unless a new one is given. */
export function EnvVarDialog(props: {
  editing: { variable: EnvVar | null } | null
  onClose: () => void
  onSaved: () => void
}) {
  const variable = props.editing?.variable ?? null
  return (
    <Dialog
      open={props.editing !== null}
      onOpenChange={(open) => !open && props.onClose()}
      title={variable ? `Edit ${variable.name}` : 'Add environment variable'}
    >
      <EnvVarForm
        key={variable && `${variable.name}-${variable.target}`}
        variable={variable}
        onClose={props.onClose}
        onSaved={props.onSaved}
      />
    </Dialog>
  )
}

function EnvVarForm(props: { variable: EnvVar | null; onClose: () => void; onSaved: () => void }) {
  const project = useCurrentProject()
  const { variable } = props
  const redeploy = useRedeploy()
  const put = api.useMutation('put', '/api/v1/projects/{project}/env/{key}')
  const form = useForm<Values>({
    defaultValues: {
      name: variable?.name ?? '',
      value: variable?.value ?? '',
      secret: variable?.secret ?? true,
      scope: variable?.scope ?? 'all',
      target: variable?.target ?? 'all',
    },
  })
  const problem = put.error ? asProblem(put.error) : null
  const keepsValue = variable?.secret === true
  const submit = form.handleSubmit(({ name, value, secret, scope, target }) =>
    put.mutate(
      {
        params: { path: { project: project.slug, key: name.trim() } },
        body: { secret, scope, target, ...(!(keepsValue && value === '') && { value }) },
      },
      {
        onSuccess: () => {
          props.onSaved()
          props.onClose()
          toast({
            title: `${name.trim()} saved`,
            detail: 'Takes effect on the next deployment.',
            ...redeploy,
          })
        },
      },
    ),
  )
  return (
    <form onSubmit={submit} noValidate className="flex flex-col gap-4">
      {!variable && (
        <Field label="Name" error={form.formState.errors.name?.message ?? fieldError(problem, 'name')}>
          <Input
            autoFocus
            autoComplete="off"
            spellCheck={false}
            className="font-mono text-[13px]!"
            placeholder="DATABASE_URL"
            {...form.register('name', { required: 'Enter a name.' })}
          />
        </Field>
      )}
      <Field
        label="Value"
        hint={keepsValue ? 'Leave empty to keep the current value.' : undefined}
        error={fieldError(problem, 'value')}
      >
        <Textarea
          rows={3}
          autoComplete="off"
          spellCheck={false}
          className="font-mono text-[13px]!"
          {...form.register('value')}
        />
      </Field>
      <Field label="Available in" error={fieldError(problem, 'scope')}>
        <Select {...form.register('scope')}>
          {Object.entries(SCOPES).map(([value, label]) => (
            <option key={value} value={value}>
              {label}
            </option>
          ))}
        </Select>
      </Field>
      <Field
        label="Environments"
        hint={
          variable
            ? 'To use a different value for production or previews, add another variable with the same name.'
            : 'A value set only for production or previews overrides the one for all environments.'
        }
        error={fieldError(problem, 'target')}
      >
        <Select disabled={variable !== null} {...form.register('target')}>
          {Object.entries(TARGETS).map(([value, label]) => (
            <option key={value} value={value}>
              {label}
            </option>
          ))}
        </Select>
      </Field>
      <SecretChoice
        secret={form.watch('secret')}
        onChange={(secret) => form.setValue('secret', secret)}
        error={fieldError(problem, 'secret')}
      />
      {problem && problem.errors.length === 0 && <ProblemNotice error={problem} />}
      <DialogActions>
        <Button onClick={props.onClose}>Cancel</Button>
        <Button type="submit" variant="primary" loading={put.isPending}>
          Save
        </Button>
      </DialogActions>
    </form>
  )
}
