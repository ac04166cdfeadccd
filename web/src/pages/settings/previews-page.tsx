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
      <EmptyState icon={Layers} title="No previews">
        Without a repository there are no branches and no pull requests.
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
  const { save, pending, problem, error } = useSaveProject('It counts from the next push on.')
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
      description="Addresses of their own for what is not in production yet."
      note="Changes count from the next push on."
      dirty={JSON.stringify(form) !== JSON.stringify(start)}
      {...{ pending, problem }}
      onSubmit={submit}
    >
      <ToggleRow
        title="Pull requests"
        checked={form.preview_pull_requests}
        onChange={(preview_pull_requests) => set({ preview_pull_requests })}
      >
        Each gets a preview until it is closed. One from a fork waits until somebody of the team has approved
        its commit.
      </ToggleRow>
      <Field
        label="Branches"
        hint="Globs, one a line: feature/* for some, ** for all. Empty: no branch gets one by itself."
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
          label="At most"
          hint="Previews at a time. Beyond that a push makes none; its delivery says so."
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
          label="Kept for, in days"
          hint="Without a new deployment a preview is removed after so long."
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
        Previews can have values of their own for{' '}
        <Link
          to="/projects/$project/settings/environment"
          params={{ project: project.slug }}
          className="link"
        >
          environment variables
        </Link>
        ; what there is at present stands under{' '}
        <Link to="/projects/$project/environments" params={{ project: project.slug }} className="link">
          Environments
        </Link>
        .
      </p>
    </SettingsCard>
  )
}
