import { Link } from '@tanstack/react-router'
import { useForm } from 'react-hook-form'
import { usePageTitle } from '@/hooks/use-page-title'
import { hostOf } from '@/lib/address'
import { useCurrentProject } from '@/pages/project/use-current-project'
import { Field, Input } from '@/ui/field'
import { SettingsCard } from './settings-card'
import { useSaveProject } from './use-save-project'

export function GeneralPage() {
  const project = useCurrentProject()
  usePageTitle('Settings', project.name)
  return (
    <>
      <NameCard />
      <SourceCard />
    </>
  )
}

function NameCard() {
  const project = useCurrentProject()
  const { save, pending, problem, error } = useSaveProject('')
  const form = useForm({ values: { name: project.name } })
  return (
    <SettingsCard
      title="Name"
      note={`The URL stays ${hostOf(project.url)}.`}
      dirty={form.formState.isDirty}
      {...{ pending, problem }}
      onSubmit={form.handleSubmit(({ name }) => save({ name: name.trim() }))}
    >
      <Field label="Project name" error={form.formState.errors.name?.message ?? error('name')}>
        <Input className="max-w-md" {...form.register('name', { required: 'Enter a name.' })} />
      </Field>
    </SettingsCard>
  )
}

function SourceCard() {
  const project = useCurrentProject()
  const { save, pending, problem, error } = useSaveProject()
  const form = useForm({ values: { repo_url: project.repo_url ?? '', branch: project.branch ?? '' } })
  const submit = form.handleSubmit(({ repo_url, branch }) =>
    save({
      branch: branch.trim() || null,
      // Sending the address again would be harmless, but only a new one is meant to be a change.
      ...(repo_url.trim() !== (project.repo_url ?? '') && { repo_url: repo_url.trim() }),
    }),
  )
  return (
    <SettingsCard
      title="Repository"
      description={
        project.source === 'upload'
          ? 'Deployed from a folder. Connect a repository to deploy on every push.'
          : project.template
            ? `Made from the template ${project.template}. Connect your own repository to deploy on every push.`
            : project.has_repo_credentials
              ? 'Credentials are stored for this URL. Changing the URL removes them unless the new one includes its own.'
              : 'The repository this project is deployed from.'
      }
      dirty={form.formState.isDirty}
      {...{ pending, problem }}
      onSubmit={submit}
    >
      <Field
        label="Repository URL"
        hint={
          <>
            Private over HTTPS: put user:token@ before the host; it is stored encrypted. Private over SSH: add
            the deploy key under{' '}
            <Link to="/projects/$project/settings/git" params={{ project: project.slug }} className="link">
              Git
            </Link>
            .
          </>
        }
        error={form.formState.errors.repo_url?.message ?? error('repo_url')}
      >
        <Input
          spellCheck={false}
          autoComplete="off"
          placeholder={project.source !== 'git' ? 'https://github.com/you/your-site' : undefined}
          {...form.register('repo_url', {
            required: project.source !== 'git' ? false : 'Enter the repository URL.',
          })}
        />
      </Field>
      <Field
        label="Production branch"
        hint="Leave empty to use the repository's default branch."
        error={error('branch')}
      >
        <Input
          className="max-w-md font-mono text-[13px]!"
          spellCheck={false}
          placeholder="Default branch"
          {...form.register('branch')}
        />
      </Field>
    </SettingsCard>
  )
}
