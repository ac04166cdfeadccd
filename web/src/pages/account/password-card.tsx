import { useForm } from 'react-hook-form'
import { api, queryClient } from '@/api/client'
import { asProblem, fieldError } from '@/api/problem'
import { ProblemNotice } from '@/components/problem-notice'
import { useSession } from '@/hooks/use-session'
import { Button } from '@/ui/button'
import { Card, CardFooter, CardHeader } from '@/ui/card'
import { Field, Input } from '@/ui/field'
import { toast } from '@/ui/toast'
import { PASSWORD_HINT, TOO_SHORT, wrongPassword } from './account-fields'

export function PasswordCard() {
  const email = useSession()?.user.email
  const change = api.useMutation('post', '/api/v1/auth/password')
  const form = useForm({ defaultValues: { current_password: '', new_password: '' } })
  const problem = change.error ? asProblem(change.error) : null
  const { errors, isDirty } = form.formState
  const submit = form.handleSubmit((body) =>
    change.mutate(
      { body },
      {
        onSuccess: () => {
          form.reset()
          queryClient.invalidateQueries({ queryKey: ['get', '/api/v1/auth/sessions'] })
          toast({ title: 'Password changed', detail: 'All your other sessions were signed out.' })
        },
      },
    ),
  )
  return (
    <Card>
      <form onSubmit={submit} noValidate>
        <CardHeader title="Password" />
        {/* Password managers look for the name beside the new password. */}
        <input type="text" autoComplete="username" value={email ?? ''} readOnly hidden />
        <div className="grid gap-5 p-5 sm:grid-cols-2">
          <Field label="Current password" error={errors.current_password?.message ?? wrongPassword(problem)}>
            <Input
              type="password"
              autoComplete="current-password"
              {...form.register('current_password', { required: 'Enter your current password.' })}
            />
          </Field>
          <Field
            label="New password"
            hint={PASSWORD_HINT}
            error={errors.new_password?.message ?? fieldError(problem, 'new_password')}
          >
            <Input
              type="password"
              autoComplete="new-password"
              {...form.register('new_password', {
                required: 'Enter a new password.',
                minLength: TOO_SHORT,
              })}
            />
          </Field>
          {problem && problem.errors.length === 0 && (
            <ProblemNotice error={problem} className="sm:col-span-2" />
          )}
        </div>
        <CardFooter>
          <span>Changing your password signs out all your other sessions.</span>
          <Button type="submit" size="sm" variant="primary" disabled={!isDirty} loading={change.isPending}>
            Change password
          </Button>
        </CardFooter>
      </form>
    </Card>
  )
}
