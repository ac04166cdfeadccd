import { useForm } from 'react-hook-form'
import { api, type Schemas } from '@/api/client'
import { asProblem } from '@/api/problem'
import { ProblemNotice } from '@/components/problem-notice'
import { Button } from '@/ui/button'
import { CopyButton } from '@/ui/copy-button'
import { Dialog, DialogActions } from '@/ui/dialog'
import { Field, Input } from '@/ui/field'
import { Notice } from '@/ui/notice'
import { Select } from '@/ui/select'
import { EMAIL, emailFault } from './account-fields'

type InvitationDialogProps = { onClose: () => void; onCreated: () => void }

export function InvitationDialog({ open, ...rest }: InvitationDialogProps & { open: boolean }) {
  return (
    <Dialog open={open} onOpenChange={(next) => !next && rest.onClose()} title="Invite a team member">
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
        <Notice tone="warn" title="Copy this link and send it">
          It works only for {create.data.email} and won't be shown again. Aether sends no email.
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
      <Field label="Email" error={form.formState.errors.email?.message ?? emailFault(problem)}>
        <Input type="email" autoFocus autoComplete="off" {...form.register('email', EMAIL)} />
      </Field>
      <Field label="Role">
        <Select {...form.register('role')}>
          <option value="viewer">Viewer: read only</option>
          <option value="member">Member: can deploy</option>
          <option value="owner">Owner: full access</option>
        </Select>
      </Field>
      {problem && problem.errors.length === 0 && <ProblemNotice error={problem} />}
      <DialogActions>
        <Button onClick={onClose}>Cancel</Button>
        <Button type="submit" variant="primary" loading={create.isPending}>
          Create link
        </Button>
      </DialogActions>
    </form>
  )
}
