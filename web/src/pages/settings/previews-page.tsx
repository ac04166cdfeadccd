import { Link } from '@tanstack/react-router'
import { Layers } from 'lucide-react'
import { type FormEvent, useState } from 'react'
import type { Project } from '@/api/queries'
import { usePageTitle } from '@/hooks/use-page-title'
import { useCurrentProject } from '@/pages/project/use-current-project'
import { EmptyState } from '@/ui/empty-state'
import { Field, Input } from '@/ui/field'
import { LinesInput, readLines } from '@/ui/lines-input'
import { ToggleRow } from '@/ui/toggle-row'
import { SettingsCard } from './settings-card'
import { useSaveProject } from './use-save-project'

export function PreviewsPage() {
  const project = useCurrentProject()
  usePageTitle('Previews', project.name)
  if (!project.repo_url) {
    return (
      <EmptyState icon={Layers} title="Previews need a repository">
        Connect a repository under General to preview its branches and pull requests.
      </EmptyState>
    )
  }
  // A saved change gives the form its new starting point.
  return <PreviewsForm key={project.updated_at} project={project} />
}

function PreviewsForm({ project }: { project: Project }) {
  const start = {
    preview_pull_requests: project.preview_pull_requests,
    branches: project.preview_branches.join('\n'),
    preview_max: String(project.preview_max),
    preview_days: String(project.preview_days),
  }
  const [form, setForm] = useState(start)
  const { save, pending, problem, error } = useSaveProject('Takes effect on the next push.')
  const set = (change: Partial<typeof start>) => setForm((before) => ({ ...before, ...change }))
  const submit = (event: FormEvent) => {
    event.preventDefault()
    save({
      preview_pull_requests: form.preview_pull_requests,
      preview_branches: readLines(form.branches),
      preview_max: Number(form.preview_max),
      preview_days: Number(form.preview_days),
    })
  }
  return (
    <SettingsCard
      title="Previews"
      description="Deploy pull requests and branches to their own URL before they go to production."
      note="Takes effect on the next push."
      dirty={JSON.stringify(form) !== JSON.stringify(start)}
      {...{ pending, problem }}
      onSubmit={submit}
    >
      <ToggleRow
        title="Pull requests"
        checked={form.preview_pull_requests}
        onChange={(preview_pull_requests) => set({ preview_pull_requests })}
      >
        Each pull request gets a preview until it is closed. Pull requests from forks wait for a team member's
        approval.
      </ToggleRow>
      <Field
        label="Branches"
        hint="One pattern per line, like feature/*, or ** for all branches. Leave empty to preview no branches automatically."
        error={error('preview_branches')}
      >
        <LinesInput
          placeholder="feature/*"
          value={form.branches}
          onChange={(event) => set({ branches: event.target.value })}
        />
      </Field>
      <div className="grid gap-5 sm:grid-cols-2">
        <Field
          label="Maximum previews"
          hint="Once reached, pushes create no new previews."
          error={error('preview_max')}
        >
          <Input
            type="number"
            min={0}
            value={form.preview_max}
            onChange={(event) => set({ preview_max: event.target.value })}
          />
        </Field>
        <Field
          label="Remove after (days)"
          hint="Removes a preview that had no new deployment for this long."
          error={error('preview_days')}
        >
          <Input
            type="number"
            min={1}
            value={form.preview_days}
            onChange={(event) => set({ preview_days: event.target.value })}
          />
        </Field>
      </div>
      <p className="text-[13px] text-ink-3">
        Previews can use their own{' '}
        <Link
          to="/projects/$project/settings/environment"
          params={{ project: project.slug }}
          className="link"
        >
          environment variables
        </Link>
        . See current previews under{' '}
        <Link to="/projects/$project/environments" params={{ project: project.slug }} className="link">
          Environments
        </Link>
        .
      </p>
    </SettingsCard>
  )
}
