import { useForm } from 'react-hook-form'
import { api, type Schemas } from '@/api/client'
import { asProblem, fieldError } from '@/api/problem'
import { ProblemNotice } from '@/components/problem-notice'
import { useRights } from '@/hooks/use-session'
import { Button } from '@/ui/button'
import { CopyButton } from '@/ui/copy-button'
import { Dialog, DialogActions } from '@/ui/dialog'
import { Field, Input } from '@/ui/field'
import { Notice } from '@/ui/notice'
import { Select } from '@/ui/select'

type Scope = Schemas['Scope']
type Values = { name: string; scopes: Scope[]; days: string }
type TokenDialogProps = { onClose: () => void; onCreated: () => void }

const SCOPES: [Scope, string, string][] = [
  ['read', 'Read', 'View projects, deployments and logs.'],
  ['deploy', 'Deploy', 'Deploy, cancel and roll back.'],
  ['write', 'Write', 'Change settings, variables and domains.'],
]
const DAY_MS = 86_400_000

export function TokenDialog({ open, ...rest }: TokenDialogProps & { open: boolean }) {
  return (
    <Dialog open={open} onOpenChange={(next) => !next && rest.onClose()} title="Create API token">
      <TokenForm {...rest} />
    </Dialog>
  )
}

function TokenForm({ onClose, onCreated }: TokenDialogProps) {
  const { canDeploy, canWrite } = useRights()
  const create = api.useMutation('post', '/api/v1/tokens')
  const form = useForm<Values>({ defaultValues: { name: '', scopes: ['read', 'deploy'], days: '90' } })
  const problem = create.error ? asProblem(create.error) : null
  const allowed: Record<Scope, boolean> = { read: true, deploy: canDeploy, write: canWrite }
  const submit = form.handleSubmit(({ name, scopes, days }) =>
    create.mutate(
      {
        body: {
          name: name.trim(),
          scopes: scopes.filter((scope) => allowed[scope]),
          ...(days && { expires_at: new Date(Date.now() + Number(days) * DAY_MS).toISOString() }),
        },
      },
      { onSuccess: onCreated },
    ),
  )
  if (create.data) return <Created secret={create.data.secret} onClose={onClose} />
  return (
    <form onSubmit={submit} noValidate className="flex flex-col gap-4">
      <Field
        label="Name"
        hint="Something that tells you where it is used."
        error={form.formState.errors.name?.message ?? fieldError(problem, 'name')}
      >
        <Input
          autoFocus
          autoComplete="off"
          placeholder="ci"
          {...form.register('name', { required: 'Enter a name.' })}
        />
      </Field>
      <fieldset className="flex flex-col gap-2.5">
        <legend className="mb-2 font-medium text-[13px]">Permissions</legend>
        {SCOPES.filter(([scope]) => allowed[scope]).map(([scope, label, says]) => (
          <label key={scope} className="flex items-start gap-2.5 text-sm">
            <input
              type="checkbox"
              value={scope}
              className="mt-0.5 size-4 accent-accent-strong"
              {...form.register('scopes', {
                validate: (list) => list.length > 0 || 'Select at least one permission.',
              })}
            />
            <span>
              {label} <span className="text-ink-3">{says}</span>
            </span>
          </label>
        ))}
        {form.formState.errors.scopes && (
          <p className="text-[13px] text-bad">{form.formState.errors.scopes.message}</p>
        )}
      </fieldset>
      <Field label="Expiration" error={fieldError(problem, 'expires_at')}>
        <Select {...form.register('days')}>
          <option value="7">7 days</option>
          <option value="30">30 days</option>
          <option value="90">90 days</option>
          <option value="365">1 year</option>
          <option value="">No expiration</option>
        </Select>
      </Field>
      {problem && problem.errors.length === 0 && <ProblemNotice error={problem} />}
      <DialogActions>
        <Button onClick={onClose}>Cancel</Button>
        <Button type="submit" variant="primary" loading={create.isPending}>
          Create token
        </Button>
      </DialogActions>
    </form>
  )
}

/** The one moment the secret can be seen. */
function Created({ secret, onClose }: { secret: string; onClose: () => void }) {
  return (
    <>
      <Notice tone="warn" title="Copy your token now">
        You won't be able to see it again.
      </Notice>
      <div className="mt-4 flex items-center gap-1 rounded-control border bg-raised/50 py-1 pr-1 pl-3">
        <code className="min-w-0 flex-1 break-all font-mono text-[13px]">{secret}</code>
        <CopyButton text={secret} label="Copy the token" />
      </div>
      <DialogActions>
        <Button variant="primary" onClick={onClose}>
          Done
        </Button>
      </DialogActions>
    </>
  )
}
