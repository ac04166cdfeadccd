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
  const { save, pending, problem, error } = useSaveProject('It counts from the next deployment on.')
  const set = (change: Partial<typeof start>) => setPush((before) => ({ ...before, ...change }))
  const submit = (event: FormEvent) => {
    event.preventDefault()
    const { watched, ...rest } = push
    save({ ...rest, watch_paths: readLines(watched) })
  }
  const branch = project.branch ?? 'the default branch'
  return (
    <SettingsCard
      title="Deploy on push"
      description="What makes a deployment by itself, and what is fetched for it."
      dirty={JSON.stringify(push) !== JSON.stringify(start)}
      {...{ pending, problem }}
      onSubmit={submit}
    >
      <ToggleRow
        title="Deploy what is pushed"
        checked={push.auto_deploy}
        onChange={(auto_deploy) => set({ auto_deploy })}
      >
        A push to {branch} goes live by itself once it is built. Off: somebody presses Deploy.
      </ToggleRow>
      <Field
        label="Only when these paths change"
        hint="Globs, one a line, like apps/web/**. Empty: every push deploys."
        error={error('watch_paths')}
      >
        <LinesInput
          placeholder="apps/web/**"
          value={push.watched}
          onChange={(event) => set({ watched: event.target.value })}
        />
      </Field>
      <Field
        label="Poll the repository"
        hint="For a Git host that cannot reach this machine, or has no webhook."
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
      <ToggleRow
        title="Fetch submodules"
        checked={push.submodules}
        onChange={(submodules) => set({ submodules })}
      >
        Other repositories that this one brings along are fetched with it.
      </ToggleRow>
      <ToggleRow title="Fetch files kept in Git LFS" checked={push.lfs} onChange={(lfs) => set({ lfs })}>
        Big files that the repository only points at. Off: a build finds the pointers in their place.
      </ToggleRow>
    </SettingsCard>
  )
}

/** The usual ones, and the one that was set in another way. */
function intervals(minutes: number): readonly (readonly [number, string])[] {
  if (INTERVALS.some(([known]) => known === minutes)) return INTERVALS
  return [...INTERVALS, [minutes, `Every ${minutes} minutes`] as const].sort((a, b) => a[0] - b[0])
}
