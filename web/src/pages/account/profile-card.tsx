import { useForm } from 'react-hook-form'
import { api } from '@/api/client'
import { asProblem, fieldError } from '@/api/problem'
import { updateUser } from '@/api/session'
import { ProblemNotice } from '@/components/problem-notice'
import { useRights } from '@/hooks/use-session'
import { Badge } from '@/ui/badge'
import { Button } from '@/ui/button'
import { Card, CardFooter, CardHeader } from '@/ui/card'
import { Field, Input } from '@/ui/field'
import { toast } from '@/ui/toast'
import { EMAIL, emailFault, wrongPassword } from './account-fields'

const ROLES = {
  owner: 'Owner: full access',
  member: 'Member: can deploy',
  viewer: 'Viewer: read only',
} as const

/** Name and address; another address takes the password, because it is the way back into the account. */
export function ProfileCard() {
  const { user } = useRights()
  const update = api.useMutation('patch', '/api/v1/auth/me')
  const form = useForm({
    values: { name: user?.name ?? '', email: user?.email ?? '', current_password: '' },
    resetOptions: { keepDirtyValues: true },
  })
  if (!user) return null
  const problem = update.error ? asProblem(update.error) : null
  const otherEmail = form.watch('email').trim().toLowerCase() !== user.email
  const submit = form.handleSubmit(({ name, email, current_password }) =>
    update.mutate(
      { body: { name: name.trim(), ...(otherEmail && { email: email.trim(), current_password }) } },
      {
        onSuccess: (saved) => {
          updateUser(saved)
          form.reset({ name: saved.name, email: saved.email, current_password: '' })
          toast({ title: 'Profile saved' })
        },
      },
    ),
  )
  const { errors, isDirty } = form.formState
  return (
    <Card>
      <form onSubmit={submit} noValidate>
        <CardHeader
          title="Profile"
          actions={user.instance_owner && <Badge tone="info">Instance owner</Badge>}
        />
        <div className="grid gap-5 p-5 sm:grid-cols-2">
          <Field label="Your name" error={errors.name?.message ?? fieldError(problem, 'name')}>
            <Input autoComplete="name" {...form.register('name', { required: 'Enter your name.' })} />
          </Field>
          <Field
            label="Email"
            error={
              errors.email?.message ??
              emailFault(problem) ??
              (problem?.code === 'email_taken'
                ? 'Another account already uses this email address.'
                : undefined)
            }
          >
            <Input type="email" autoComplete="username" {...form.register('email', EMAIL)} />
          </Field>
          {otherEmail && (
            <Field
              label="Password"
              hint="Confirm the new email address with your password."
              error={errors.current_password?.message ?? wrongPassword(problem)}
            >
              <Input
                type="password"
                autoComplete="current-password"
                {...form.register('current_password', { required: 'Enter your password.' })}
              />
            </Field>
          )}
          {problem && problem.errors.length === 0 && problem.code !== 'email_taken' && (
            <ProblemNotice error={problem} className="sm:col-span-2" />
          )}
        </div>
        <CardFooter>
          <span>{ROLES[user.role]}</span>
          <Button type="submit" size="sm" variant="primary" disabled={!isDirty} loading={update.isPending}>
            Save
          </Button>
        </CardFooter>
      </form>
    </Card>
  )
}
