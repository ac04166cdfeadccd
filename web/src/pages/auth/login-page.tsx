import { Link, useNavigate, useSearch } from '@tanstack/react-router'
import { useEffect } from 'react'
import { useForm } from 'react-hook-form'
import { api } from '@/api/client'
import { asProblem, type Problem } from '@/api/problem'
import { ensureSession, signedIn } from '@/api/session'
import { ProblemNotice } from '@/components/problem-notice'
import { usePageTitle } from '@/hooks/use-page-title'
import { localPath } from '@/lib/local-path'
import { EMAIL } from '@/pages/account/account-fields'
import { Button } from '@/ui/button'
import { Field, Input } from '@/ui/field'
import { Notice } from '@/ui/notice'
import { AuthFrame } from './auth-frame'

type Values = { email: string; password: string }

export function LoginPage() {
  usePageTitle('Sign in')
  const navigate = useNavigate()
  const { next } = useSearch({ from: '/login' })
  const setup = api.useQuery('get', '/api/v1/auth/setup')
  const login = api.useMutation('post', '/api/v1/auth/login')
  const form = useForm<Values>()
  const { errors } = form.formState

  const enter = () => navigate({ href: localPath(next), replace: true })
  // biome-ignore lint/correctness/useExhaustiveDependencies: asked once; who is signed in already goes on.
  useEffect(() => {
    ensureSession().then(
      (session) => session && enter(),
      () => {},
    )
  }, [])

  const submit = form.handleSubmit((body) =>
    login.mutate(
      { body },
      {
        onSuccess: ({ access_token, user }) => {
          signedIn({ token: access_token, user })
          enter()
        },
      },
    ),
  )
  return (
    <AuthFrame title="Sign in" description="Welcome back. Sign in to manage your projects.">
      {setup.data?.needs_owner && (
        <Notice tone="info" title="This instance has no owner yet" className="mb-6">
          Open the one-time link that <code className="font-mono">aether up</code> printed, or{' '}
          <Link to="/setup" className="link">
            enter the setup token
          </Link>
          .
        </Notice>
      )}
      <form onSubmit={submit} noValidate className="flex flex-col gap-4">
        <Field label="Email" error={errors.email?.message}>
          <Input type="email" autoComplete="username" autoFocus {...form.register('email', EMAIL)} />
        </Field>
        <Field label="Password" error={errors.password?.message}>
          <Input
            type="password"
            autoComplete="current-password"
            {...form.register('password', { required: 'Enter your password.' })}
          />
        </Field>
        {login.error && <ProblemNotice error={refusal(login.error)} />}
        <Button type="submit" variant="primary" className="mt-1 h-10.5!" loading={login.isPending}>
          Sign in
        </Button>
      </form>
      {setup.data?.registration_open && (
        <p className="mt-6 text-ink-2 text-sm">
          Don't have an account?{' '}
          <Link to="/register" className="link">
            Create one
          </Link>
        </p>
      )}
    </AuthFrame>
  )
}

/** The API's "Sign in first" is for everything else; who is just doing that reads what went wrong. */
function refusal(error: unknown): Problem {
  const problem = asProblem(error)
  return problem.status === 401 ? { ...problem, title: 'Sign-in failed' } : problem
}
