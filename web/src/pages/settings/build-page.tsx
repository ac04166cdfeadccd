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
  [
    'install_command',
    'Install command',
    'Installs dependencies. Override with an empty value to skip this step.',
  ],
  ['build_command', 'Build command', 'Builds the project. Override with an empty value to skip this step.'],
  ['output_directory', 'Output directory', 'Folder with the built files of a static site.'],
  ['start_command', 'Start command', 'Starts a server app. The app should listen on $PORT.'],
  ['framework', 'Framework', 'Picks one when several frameworks are detected.'],
] as const

const APP_ONLY: (keyof Build)[] = ['start_command', 'port']
const STATIC_ONLY: (keyof Build)[] = ['output_directory', 'spa']

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
  const kind = build.kind ?? plan?.kind
  /** What this kind of project has no use for is left out, unless somebody has set it. */
  const applies = (name: keyof Build) => {
    if (build[name] !== null && build[name] !== undefined) return true
    const ofAnother = kind === 'static' ? APP_ONLY : kind ? STATIC_ONLY : []
    return !ofAnother.includes(name)
  }
  const set = (change: Partial<Build>) => setBuild((before) => ({ ...before, ...change }))
  const submit = (event: FormEvent) => {
    event.preventDefault()
    save(toChange(build))
  }
  return (
    <SettingsCard
      title="Build"
      description="Detected from the code on every deployment. Override only what you need."
      dirty={JSON.stringify(build) !== JSON.stringify(start)}
      {...{ pending, problem }}
      onSubmit={submit}
    >
      <div className="grid gap-5 sm:grid-cols-2">
        <Field
          label="Root directory"
          hint="Folder of the app inside the repository."
          error={error('root_dir')}
        >
          <Input
            className="font-mono text-[13px]!"
            spellCheck={false}
            value={build.root_dir}
            onChange={(event) => set({ root_dir: event.target.value })}
          />
        </Field>
        <Field label="Project type" hint="What the build produces." error={error('kind')}>
          <Select
            value={build.kind ?? ''}
            onChange={(event) => set({ kind: (event.target.value || null) as Build['kind'] })}
          >
            <option value="">Detect automatically</option>
            <option value="static">Static site</option>
            <option value="server">Server app</option>
            <option value="docker">Dockerfile</option>
          </Select>
        </Field>
      </div>
      {TEXTS.filter(([name]) => applies(name)).map(([name, label, hint]) => (
        <OverrideField
          key={name}
          {...{ label, hint }}
          value={build[name] ?? null}
          detected={plan?.[name]}
          error={error(name)}
          onChange={(value) => set({ [name]: value })}
        />
      ))}
      {applies('port') && (
        <OverrideField
          label="Port"
          hint="Set this if the app ignores $PORT and listens on a fixed port."
          inputMode="numeric"
          value={build.port}
          detected={plan?.port?.toString()}
          error={error('port')}
          onChange={(port) => set({ port })}
        />
      )}
      <div className="grid gap-5 sm:grid-cols-2">
        <Field
          label="Runtime versions"
          hint="Comma-separated, like node 22, python 3.13."
          error={error('runtime_version')}
        >
          <Input
            className="font-mono text-[13px]!"
            spellCheck={false}
            placeholder={plan ? versionsText(plan.runtime_version) : 'Detected automatically'}
            value={build.runtime}
            onChange={(event) => set({ runtime: event.target.value })}
          />
        </Field>
        {applies('spa') && (
          <Field label="Unknown paths" hint="Single-page apps need index.html for client-side routing.">
            <Select
              value={build.spa === null || build.spa === undefined ? '' : String(build.spa)}
              onChange={(event) =>
                set({ spa: event.target.value === '' ? null : event.target.value === 'true' })
              }
            >
              <option value="">Detect automatically</option>
              <option value="true">Serve index.html</option>
              <option value="false">Return 404</option>
            </Select>
          </Field>
        )}
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
