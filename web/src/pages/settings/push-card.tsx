// What makes a deployment by itself: pushes through the webhook, or looking at the repository now and then; and what is
// fetched for one besides the repository's own files.

import { type FormEvent, useState } from 'react'
import type { Project } from '@/api/queries'
import { useCurrentProject } from '@/pages/project/use-current-project'
import { Field } from '@/ui/field'
import { LinesInput, readLines } from '@/ui/lines-input'
import { Select } from '@/ui/select'
import { ToggleRow } from '@/ui/toggle-row'
import { SettingsCard } from './settings-card'
import { useSaveProject } from './use-save-project'

const INTERVALS = [
  [0, 'Never'],
  [1, 'Every minute'],
  [5, 'Every 5 minutes'],
  [15, 'Every 15 minutes'],
  [60, 'Every hour'],
  [1440, 'Every day'],
] as const

export function PushCard() {
  const project = useCurrentProject()
  // A saved change gives the form its new starting point.
  return <PushForm key={project.updated_at} project={project} />
}

function PushForm({ project }: { project: Project }) {
  const start = {
    auto_deploy: project.auto_deploy,
    poll_minutes: project.poll_minutes,
    submodules: project.submodules,
    lfs: project.lfs,
    watched: project.watch_paths.join('\n'),
  }
  const [push, setPush] = useState(start)
  const { save, pending, problem, error } = useSaveProject('Takes effect on the next deployment.')
  const set = (change: Partial<typeof start>) => setPush((before) => ({ ...before, ...change }))
  const submit = (event: FormEvent) => {
    event.preventDefault()
    const { watched, ...rest } = push
    save({ ...rest, watch_paths: readLines(watched) })
  }
  const branch = project.branch ?? 'the default branch'
  return (
    <SettingsCard
      title="Automatic deployments"
      description="What triggers a deployment, and what is fetched for it."
      dirty={JSON.stringify(push) !== JSON.stringify(start)}
      {...{ pending, problem }}
      onSubmit={submit}
    >
      <ToggleRow
        title="Deploy on push"
        checked={push.auto_deploy}
        onChange={(auto_deploy) => set({ auto_deploy })}
      >
        Deploy every push to {branch}. When off, deploy with the Deploy button, the CLI or the API.
      </ToggleRow>
      <Field
        label="Watch paths"
        hint="Deploy only when matching files change. One pattern per line, like apps/web/**. Leave empty to deploy every push."
        error={error('watch_paths')}
      >
        <LinesInput
          placeholder="apps/web/**"
          value={push.watched}
          onChange={(event) => set({ watched: event.target.value })}
        />
      </Field>
      <Field
        label="Poll for new commits"
        hint="For Git hosts that can't reach this machine, or without a webhook."
        error={error('poll_minutes')}
      >
        <Select
          className="sm:max-w-64"
          value={push.poll_minutes}
          onChange={(event) => set({ poll_minutes: Number(event.target.value) })}
        >
          {intervals(push.poll_minutes).map(([minutes, label]) => (
            <option key={minutes} value={minutes}>
              {label}
            </option>
          ))}
        </Select>
      </Field>
      <ToggleRow title="Submodules" checked={push.submodules} onChange={(submodules) => set({ submodules })}>
        Also fetch the repository's Git submodules.
      </ToggleRow>
      <ToggleRow title="Git LFS" checked={push.lfs} onChange={(lfs) => set({ lfs })}>
        Download large files stored in Git LFS. When off, builds get the pointer files instead.
      </ToggleRow>
    </SettingsCard>
  )
}

/** The usual ones, and the one that was set in another way. */
function intervals(minutes: number): readonly (readonly [number, string])[] {
  if (INTERVALS.some(([known]) => known === minutes)) return INTERVALS
  return [...INTERVALS, [minutes, `Every ${minutes} minutes`] as const].sort((a, b) => a[0] - b[0])
}
