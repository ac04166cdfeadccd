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

type EnvVar = Schemas['EnvVar']
type Scope = EnvVar['scope']
type Target = EnvVar['target']
type Values = { name: string; value: string; secret: boolean; scope: Scope; target: Target }

export const SCOPES: Record<Scope, string> = {
  all: 'Build and run',
  build: 'Build only',
  runtime: 'Run only',
}

export const TARGETS: Record<Target, string> = {
  all: 'Production and previews',
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
      title={variable ? `Change ${variable.name}` : 'Add a variable'}
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
          toast({ title: `${name.trim()} is saved`, detail: 'The next deployment gets it.' })
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
            {...form.register('name', { required: 'Give it a name.' })}
          />
        </Field>
      )}
      <Field
        label="Value"
        hint={keepsValue ? 'Left empty it keeps the value it has, which is never shown.' : undefined}
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
      <Field label="Visible to" error={fieldError(problem, 'scope')}>
        <Select {...form.register('scope')}>
          {Object.entries(SCOPES).map(([value, label]) => (
            <option key={value} value={value}>
              {label}
            </option>
          ))}
        </Select>
      </Field>
      <Field
        label="For"
        hint={
          variable
            ? 'The same name can have one value for production and another for previews: add it again.'
            : 'One for production or previews goes before one for both.'
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
      <label className="flex items-start gap-2.5 text-sm">
        <input type="checkbox" className="mt-0.5 size-4 accent-accent-strong" {...form.register('secret')} />
        <span>
          Secret
          <span className="block text-[13px] text-ink-3">Never shown again, and hidden in logs.</span>
          {fieldError(problem, 'secret') && (
            <span className="block text-[13px] text-bad">{fieldError(problem, 'secret')}</span>
          )}
        </span>
      </label>
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
