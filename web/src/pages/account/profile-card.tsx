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

const ROLES = { owner: 'Owner: everything', member: 'Member: deploys', viewer: 'Viewer: looks' } as const

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
          toast({ title: 'Saved' })
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
          actions={user.instance_owner && <Badge tone="info">owns this instance</Badge>}
        />
        <div className="grid gap-5 p-5 sm:grid-cols-2">
          <Field label="Your name" error={errors.name?.message ?? fieldError(problem, 'name')}>
            <Input autoComplete="name" {...form.register('name', { required: 'Enter a name.' })} />
          </Field>
          <Field
            label="Email"
            error={
              errors.email?.message ??
              fieldError(problem, 'email') ??
              (problem?.code === 'email_taken' ? 'Another account has this address.' : undefined)
            }
          >
            <Input
              type="email"
              autoComplete="username"
              {...form.register('email', { required: 'Enter an address; you sign in with it.' })}
            />
          </Field>
          {otherEmail && (
            <Field
              label="Password"
              hint="Another address takes your password."
              error={errors.current_password?.message ?? fieldError(problem, 'current_password')}
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
