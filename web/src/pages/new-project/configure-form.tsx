import { useNavigate } from '@tanstack/react-router'
import { ChevronRight, Rocket } from 'lucide-react'
import { useMemo } from 'react'
import { useForm } from 'react-hook-form'
import type { Schemas } from '@/api/client'
import { asProblem, fieldError } from '@/api/problem'
import { ProblemNotice } from '@/components/problem-notice'
import { repositoryName } from '@/lib/address'
import { parseDotenv } from '@/lib/dotenv'
import { Button } from '@/ui/button'
import { Card, CardHeader } from '@/ui/card'
import { Field, Input, Textarea } from '@/ui/field'
import { Select } from '@/ui/select'
import { type ConfigureValues, initialValues, projectBody } from './configure-values'
import { EnvPreview } from './env-preview'
import { useCreateProject } from './use-create-project'

type ConfigureFormProps = {
  repoUrl: string
  branch: string
  /** Picked from the list of GitHub's repositories. */
  github: Schemas['GitHubRepositoryRef'] | undefined
  detection: Schemas['Detection']
  candidateIndex: number
  onBranch: (branch: string) => void
}

export function ConfigureForm(props: ConfigureFormProps) {
  const navigate = useNavigate()
  const plan = props.detection.candidates[props.candidateIndex]
  const suggestedName = plan?.name ?? repositoryName(props.repoUrl).split('/').at(-1) ?? ''
  const initial = useMemo(() => initialValues(plan, suggestedName), [plan, suggestedName])
  const form = useForm<ConfigureValues>({ defaultValues: initial })
  const create = useCreateProject()
  const problem = create.error ? asProblem(create.error) : null
  const envFile = parseDotenv(form.watch('env'))

  const submit = form.handleSubmit((values) =>
    create.mutate(
      {
        project: projectBody(values, initial, plan, props),
        variables: envFile.entries.map((entry) => ({ ...entry, secret: values.secret })),
      },
      {
        onSuccess: ({ project, deployment }) =>
          deployment
            ? navigate({
                to: '/projects/$project/deployments/$deployment',
                params: { project: project.slug, deployment: deployment.id },
              })
            : navigate({ to: '/projects/$project', params: { project: project.slug } }),
      },
    ),
  )
  const error = (field: string) => fieldError(problem, field)
  const unplaced = problem && !problem.errors.some((item) => item.field in initial || item.field === 'slug')
  return (
    <form onSubmit={submit} onChange={() => create.isError && create.reset()} noValidate>
      <Card>
        <CardHeader title="Configure" />
        <div className="grid gap-5 p-5 sm:grid-cols-2">
          <Field
            label="Project name"
            hint="Becomes the first part of the site's address."
            error={
              form.formState.errors.name?.message ??
              error('name') ??
              error('slug') ??
              (problem?.code === 'slug_taken'
                ? 'Another project has this name; choose a different one.'
                : undefined)
            }
          >
            <Input autoComplete="off" {...form.register('name', { required: 'Give it a name.' })} />
          </Field>
          <BranchField {...props} />
          <BuildFields form={form} plan={plan} error={error} />
        </div>
        <details className="group border-t">
          <summary className="flex items-center gap-2 px-5 py-4 font-medium text-sm hover:bg-hover/50">
            <ChevronRight
              aria-hidden
              className="size-4 text-ink-3 transition-transform group-open:rotate-90"
            />
            Environment variables
            {envFile.entries.length > 0 && <span className="text-ink-3">{envFile.entries.length}</span>}
          </summary>
          <div className="px-5 pt-1 pb-5">
            <Field label="Paste a .env file" hint="Encrypted at rest; secret values are masked in logs.">
              <Textarea
                rows={6}
                spellCheck={false}
                autoComplete="off"
                className="font-mono text-[13px]!"
                placeholder={'DATABASE_URL=postgres://…\nAPI_KEY=…'}
                {...form.register('env')}
              />
            </Field>
            <EnvPreview file={envFile} />
            {envFile.entries.length > 0 && (
              <label className="mt-3 flex items-center gap-2.5 text-sm">
                <input type="checkbox" className="size-4 accent-accent-strong" {...form.register('secret')} />
                Secret: values cannot be read again later
              </label>
            )}
          </div>
        </details>
        <div className="flex flex-wrap items-center justify-end gap-3 border-t bg-raised/50 px-5 py-4">
          {problem && unplaced && problem.code !== 'slug_taken' && (
            <ProblemNotice error={problem} className="w-full" />
          )}
          <Button type="submit" variant="primary" className="max-sm:w-full" loading={create.isPending}>
            <Rocket className="size-4" />
            Deploy
          </Button>
        </div>
      </Card>
    </form>
  )
}

function BranchField(props: ConfigureFormProps) {
  const { branches, default_branch } = props.detection
  if (branches.length === 0) return null
  return (
    <Field label="Branch" hint="Production follows it.">
      <Select value={props.branch} onChange={(event) => props.onBranch(event.target.value)}>
        <option value="">{default_branch ? `${default_branch} (default)` : 'default branch'}</option>
        {branches
          .filter((name) => name !== default_branch)
          .map((name) => (
            <option key={name}>{name}</option>
          ))}
      </Select>
    </Field>
  )
}

function BuildFields(props: {
  form: ReturnType<typeof useForm<ConfigureValues>>
  plan: Schemas['BuildPlan'] | undefined
  error: (field: string) => string | undefined
}) {
  const { form, plan, error } = props
  const isStatic = plan?.kind === 'static'
  const fields = [
    ['root_dir', 'Root directory', 'Where the app is in the repository.', true],
    ['install_command', 'Install command', 'Empty skips the step.', plan?.kind !== 'docker'],
    ['build_command', 'Build command', 'Empty skips the step.', plan?.kind !== 'docker'],
    ['output_directory', 'Output directory', 'Holds the finished files.', isStatic || !plan],
    [
      'start_command',
      'Start command',
      'Starts the app; it listens on $PORT.',
      !isStatic && plan?.kind !== 'docker',
    ],
  ] as const
  return fields
    .filter(([, , , shown]) => shown)
    .map(([name, label, hint]) => (
      <Field key={name} label={label} hint={hint} error={error(name)}>
        <Input
          className="font-mono text-[13px]!"
          autoComplete="off"
          spellCheck={false}
          placeholder={plan ? '' : 'detected at build time'}
          {...form.register(name)}
        />
      </Field>
    ))
}
