import { type FormEvent, useState } from 'react'
import type { Schemas } from '@/api/client'
import type { Project } from '@/api/queries'
import { usePageTitle } from '@/hooks/use-page-title'
import { useCurrentProject } from '@/pages/project/use-current-project'
import { Field, Input } from '@/ui/field'
import { Select } from '@/ui/select'
import { OverrideField } from './override-field'
import { SettingsCard } from './settings-card'
import { useSaveProject } from './use-save-project'

type Build = Pick<
  Project,
  | 'root_dir'
  | 'kind'
  | 'framework'
  | 'install_command'
  | 'build_command'
  | 'start_command'
  | 'output_directory'
  | 'spa'
> & { port: string | null; runtime: string }

const TEXTS = [
  ['install_command', 'Install command', 'Overridden and empty: the step is skipped.'],
  ['build_command', 'Build command', 'Overridden and empty: the step is skipped.'],
  ['output_directory', 'Output directory', 'Holds the finished files of a static site.'],
  ['start_command', 'Start command', 'Starts a server app; it listens on $PORT.'],
  ['framework', 'Framework', 'Chooses among the ways to build that detection finds.'],
] as const

export function BuildPage() {
  const project = useCurrentProject()
  usePageTitle('Build settings', project.name)
  // A saved change gives the form its new starting point.
  return <BuildForm key={project.updated_at} project={project} />
}

function BuildForm({ project }: { project: Project }) {
  const start = fromProject(project)
  const [build, setBuild] = useState(start)
  const { save, pending, problem, error } = useSaveProject()
  const plan = (project.latest_deployment ?? project.live_deployment)?.plan
  const set = (change: Partial<Build>) => setBuild((before) => ({ ...before, ...change }))
  const submit = (event: FormEvent) => {
    event.preventDefault()
    save(toChange(build))
  }
  return (
    <SettingsCard
      title="Build"
      description="Detection decides what is not overridden here, anew with every commit."
      dirty={JSON.stringify(build) !== JSON.stringify(start)}
      {...{ pending, problem }}
      onSubmit={submit}
    >
      <div className="grid gap-5 sm:grid-cols-2">
        <Field label="Folder" hint="Where the app lives in the repository." error={error('root_dir')}>
          <Input
            className="font-mono text-[13px]!"
            spellCheck={false}
            value={build.root_dir}
            onChange={(event) => set({ root_dir: event.target.value })}
          />
        </Field>
        <Field label="Kind" hint="What the build makes." error={error('kind')}>
          <Select
            value={build.kind ?? ''}
            onChange={(event) => set({ kind: (event.target.value || null) as Build['kind'] })}
          >
            <option value="">As detected</option>
            <option value="static">Static site</option>
            <option value="server">Server app</option>
            <option value="docker">Dockerfile</option>
          </Select>
        </Field>
      </div>
      {TEXTS.map(([name, label, hint]) => (
        <OverrideField
          key={name}
          {...{ label, hint }}
          value={build[name] ?? null}
          detected={plan?.[name]}
          error={error(name)}
          onChange={(value) => set({ [name]: value })}
        />
      ))}
      <OverrideField
        label="Port"
        hint="For an app that does not follow $PORT."
        inputMode="numeric"
        value={build.port}
        detected={plan?.port?.toString()}
        error={error('port')}
        onChange={(port) => set({ port })}
      />
      <div className="grid gap-5 sm:grid-cols-2">
        <Field label="Runtime versions" hint="Like node 22, python 3.13." error={error('runtime_version')}>
          <Input
            className="font-mono text-[13px]!"
            spellCheck={false}
            placeholder={plan ? versionsText(plan.runtime_version) : 'as detected'}
            value={build.runtime}
            onChange={(event) => set({ runtime: event.target.value })}
          />
        </Field>
        <Field label="Unknown paths" hint="Single-page apps answer them with index.html.">
          <Select
            value={build.spa === null || build.spa === undefined ? '' : String(build.spa)}
            onChange={(event) =>
              set({ spa: event.target.value === '' ? null : event.target.value === 'true' })
            }
          >
            <option value="">As detected</option>
            <option value="true">Answer with index.html</option>
            <option value="false">Answer with 404</option>
          </Select>
        </Field>
      </div>
    </SettingsCard>
  )
}

function fromProject(project: Project): Build {
  return {
    root_dir: project.root_dir,
    kind: project.kind ?? null,
    framework: project.framework ?? null,
    install_command: project.install_command ?? null,
    build_command: project.build_command ?? null,
    start_command: project.start_command ?? null,
    output_directory: project.output_directory ?? null,
    spa: project.spa ?? null,
    port: project.port?.toString() ?? null,
    runtime: versionsText(project.runtime_version),
  }
}

function toChange({ port, runtime, ...build }: Build): Schemas['UpdateProject'] {
  return {
    ...build,
    root_dir: build.root_dir.trim() || '.',
    port: port?.trim() ? Number(port) : null,
    runtime_version: readVersions(runtime),
  }
}

function versionsText(versions: Record<string, string> | undefined): string {
  return Object.entries(versions ?? {})
    .map(([name, version]) => `${name} ${version}`)
    .join(', ')
}

function readVersions(text: string): Record<string, string> {
  const parts = text.split(',').map((part) => part.trim().split(/[\s=:]+/))
  return Object.fromEntries(parts.filter(([name]) => name).map(([name, version]) => [name, version ?? '']))
}
