// The form that makes an account: the owner's by the set-up token, a member's by an invitation, or on an open instance.

import { useNavigate } from '@tanstack/react-router'
import type { ReactNode } from 'react'
import { useForm } from 'react-hook-form'
import { api } from '@/api/client'
import { asProblem, fieldError } from '@/api/problem'
import { signedIn } from '@/api/session'
import { ProblemNotice } from '@/components/problem-notice'
import { EMAIL, emailFault, PASSWORD_HINT, TOO_SHORT } from '@/pages/account/account-fields'
import { Button } from '@/ui/button'
import { Field, Input } from '@/ui/field'

type Values = { name: string; email: string; password: string; secret: string }

export function AccountForm(props: {
  /** Which of the two secrets is entered, when one is needed. */
  secretKind: 'setup_token' | 'invitation' | null
  secret: string
  secretLabel: string
  secretHint: ReactNode
  /** What is said when it is left empty. */
  secretMissing: string
  action: string
}) {
  const navigate = useNavigate()
  const register = api.useMutation('post', '/api/v1/auth/register')
  const form = useForm<Values>({ defaultValues: { secret: props.secret } })
  const { errors } = form.formState
  const asksSecret = props.secretKind !== null && props.secret === ''
  const problem = register.error ? asProblem(register.error) : null
  const submit = form.handleSubmit(({ secret, ...account }) =>
    register.mutate(
      { body: { ...account, ...(props.secretKind && { [props.secretKind]: secret.trim() }) } },
      {
        onSuccess: ({ access_token, user }) => {
          signedIn({ token: access_token, user })
          navigate({ to: '/', replace: true })
        },
      },
    ),
  )
  return (
    <form onSubmit={submit} noValidate className="flex flex-col gap-4">
      {asksSecret && (
        <Field label={props.secretLabel} hint={props.secretHint} error={errors.secret?.message}>
          <Input
            className="font-mono"
            autoComplete="off"
            autoFocus
            spellCheck={false}
            {...form.register('secret', { required: props.secretMissing })}
          />
        </Field>
      )}
      <Field label="Your name" error={errors.name?.message ?? fieldError(problem, 'name')}>
        <Input
          autoComplete="name"
          autoFocus={!asksSecret}
          {...form.register('name', { required: 'Enter your name.' })}
        />
      </Field>
      <Field label="Email" error={errors.email?.message ?? emailFault(problem)}>
        <Input type="email" autoComplete="username" {...form.register('email', EMAIL)} />
      </Field>
      <Field
        label="Password"
        hint={PASSWORD_HINT}
        error={errors.password?.message ?? fieldError(problem, 'password')}
      >
        <Input
          type="password"
          autoComplete="new-password"
          {...form.register('password', {
            required: 'Enter a password.',
            minLength: TOO_SHORT,
          })}
        />
      </Field>
      {problem && problem.errors.length === 0 && <ProblemNotice error={problem} />}
      <Button type="submit" variant="primary" className="mt-1 h-10.5!" loading={register.isPending}>
        {props.action}
      </Button>
    </form>
  )
}
