import { ChevronRight } from 'lucide-react'
import { useForm } from 'react-hook-form'
import { api } from '@/api/client'
import { asProblem, fieldError } from '@/api/problem'
import { ProblemNotice } from '@/components/problem-notice'
import { goTo } from '@/lib/go-to'
import { Button } from '@/ui/button'
import { Card, CardHeader } from '@/ui/card'
import { Field, Input } from '@/ui/field'

type Values = { organization: string; base_url: string }

/** Leads to GitHub with the description of a new App; what GitHub brings back is taken by the callback page. */
export function ConnectCard({ first }: { first: boolean }) {
  const form = useForm<Values>({ defaultValues: { organization: '', base_url: '' } })
  const begin = api.useMutation('post', '/api/v1/github/manifest')
  const problem = begin.error ? asProblem(begin.error) : null
  const submit = form.handleSubmit((values) => {
    const organization = values.organization.trim()
    const baseUrl = values.base_url.trim()
    begin.mutate(
      { body: { ...(organization && { organization }), ...(baseUrl && { base_url: baseUrl }) } },
      { onSuccess: ({ form_url }) => goTo(form_url) },
    )
  })
  const unplaced = problem && problem.errors.length === 0
  return (
    <Card>
      <CardHeader
        title={first ? 'Connect GitHub' : 'Connect another account'}
        description="Creates a private GitHub App for this instance. You confirm on GitHub and choose the repositories it can access."
      />
      <form onSubmit={submit} noValidate>
        <details className="group border-b">
          <summary className="flex items-center gap-2 px-5 py-4 font-medium text-sm hover:bg-hover/50">
            <ChevronRight
              aria-hidden
              className="size-4 text-ink-3 transition-transform group-open:rotate-90"
            />
            Organization or GitHub Enterprise
          </summary>
          <div className="grid gap-5 px-5 pb-5 sm:grid-cols-2">
            <Field
              label="Organization"
              hint="Owns the app. Leave empty to use your personal account."
              error={fieldError(problem, 'organization')}
            >
              <Input
                autoComplete="off"
                spellCheck={false}
                placeholder="acme"
                {...form.register('organization')}
              />
            </Field>
            <Field
              label="GitHub Enterprise URL"
              hint="Leave empty for github.com."
              error={fieldError(problem, 'base_url')}
            >
              <Input
                type="url"
                autoComplete="off"
                spellCheck={false}
                placeholder="https://github.example.com"
                {...form.register('base_url')}
              />
            </Field>
          </div>
        </details>
        <div className="flex flex-wrap items-center justify-end gap-3 px-5 py-4">
          {unplaced && <ProblemNotice error={problem} className="w-full" />}
          {problem && !unplaced && (
            <p role="alert" className="w-full text-bad text-sm">
              {problem.errors.map((error) => error.message).join('; ')}
            </p>
          )}
          <Button type="submit" variant="primary" className="max-sm:w-full" loading={begin.isPending}>
            Connect GitHub
          </Button>
        </div>
      </form>
    </Card>
  )
}
