import { useForm } from 'react-hook-form'
import { api, type Schemas } from '@/api/client'
import { asProblem, fieldError } from '@/api/problem'
import { ProblemNotice } from '@/components/problem-notice'
import { Button } from '@/ui/button'
import { CopyButton } from '@/ui/copy-button'
import { Dialog, DialogActions } from '@/ui/dialog'
import { Field, Input } from '@/ui/field'
import { Notice } from '@/ui/notice'
import { Select } from '@/ui/select'

type InvitationDialogProps = { onClose: () => void; onCreated: () => void }

export function InvitationDialog({ open, ...rest }: InvitationDialogProps & { open: boolean }) {
  return (
    <Dialog open={open} onOpenChange={(next) => !next && rest.onClose()} title="Invite somebody to the team">
      <InvitationForm {...rest} />
    </Dialog>
  )
}

function InvitationForm({ onClose, onCreated }: InvitationDialogProps) {
  const create = api.useMutation('post', '/api/v1/invitations')
  const form = useForm<Schemas['CreateInvitation']>({ defaultValues: { email: '', role: 'member' } })
  const problem = create.error ? asProblem(create.error) : null
  if (create.data) {
    const link = `${location.origin}/register#invitation=${encodeURIComponent(create.data.secret)}`
    return (
      <>
        <Notice tone="warn" title="Send this link yourself">
          It is shown this once, and works for {create.data.email} only.
        </Notice>
        <div className="mt-4 flex items-center gap-1 rounded-control border bg-raised/50 py-1 pr-1 pl-3">
          <code className="min-w-0 flex-1 break-all font-mono text-[13px]">{link}</code>
          <CopyButton text={link} label="Copy the link" />
        </div>
        <DialogActions>
          <Button variant="primary" onClick={onClose}>
            Done
          </Button>
        </DialogActions>
      </>
    )
  }
  const submit = form.handleSubmit((body) => create.mutate({ body }, { onSuccess: onCreated }))
  return (
    <form onSubmit={submit} noValidate className="flex flex-col gap-4">
      <Field label="Email" error={form.formState.errors.email?.message ?? fieldError(problem, 'email')}>
        <Input
          type="email"
          autoFocus
          autoComplete="off"
          {...form.register('email', { required: 'Enter an address.' })}
        />
      </Field>
      <Field label="Role">
        <Select {...form.register('role')}>
          <option value="viewer">Viewer: looks at everything</option>
          <option value="member">Member: looks and deploys</option>
          <option value="owner">Owner: everything</option>
        </Select>
      </Field>
      {problem && problem.errors.length === 0 && <ProblemNotice error={problem} />}
      <DialogActions>
        <Button onClick={onClose}>Cancel</Button>
        <Button type="submit" variant="primary" loading={create.isPending}>
          Make the link
        </Button>
      </DialogActions>
    </form>
  )
}
