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
      note={`The address stays ${hostOf(project.url)}.`}
      dirty={form.formState.isDirty}
      {...{ pending, problem }}
      onSubmit={form.handleSubmit(({ name }) => save({ name: name.trim() }))}
    >
      <Field label="Project name" error={form.formState.errors.name?.message ?? error('name')}>
        <Input className="max-w-md" {...form.register('name', { required: 'Give it a name.' })} />
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
          ? 'Deployed by sending its folder with aether deploy. With a repository in its place, every push can deploy.'
          : project.template
            ? `Made from the template ${project.template}. With a repository of your own in its place, every push can deploy.`
            : project.has_repo_credentials
              ? 'A user name and password are stored with it; a new address forgets them, unless it brings its own.'
              : 'Where the code comes from.'
      }
      dirty={form.formState.isDirty}
      {...{ pending, problem }}
      onSubmit={submit}
    >
      <Field
        label="Address"
        hint="A private one over https takes user:token@ before its host, which is stored sealed; over SSH it takes the deploy key under Git."
        error={form.formState.errors.repo_url?.message ?? error('repo_url')}
      >
        <Input
          spellCheck={false}
          autoComplete="off"
          placeholder={project.source !== 'git' ? 'https://github.com/you/your-site' : undefined}
          {...form.register('repo_url', {
            required: project.source !== 'git' ? false : 'A project needs a repository.',
          })}
        />
      </Field>
      <Field
        label="Production branch"
        hint="Empty follows the repository's default branch."
        error={error('branch')}
      >
        <Input
          className="max-w-md font-mono text-[13px]!"
          spellCheck={false}
          placeholder="default branch"
          {...form.register('branch')}
        />
      </Field>
    </SettingsCard>
  )
}
