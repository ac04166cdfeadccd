// Volumes: folders of an app that outlive its deployments, with what is in them.

import { Link } from '@tanstack/react-router'
import { HardDrive, Plus, Trash2 } from 'lucide-react'
import { type FormEvent, useState } from 'react'
import { api, type Schemas } from '@/api/client'
import type { Project } from '@/api/queries'
import { usePageTitle } from '@/hooks/use-page-title'
import { useRights } from '@/hooks/use-session'
import { bytes } from '@/lib/bytes'
import { useCurrentProject } from '@/pages/project/use-current-project'
import { Button } from '@/ui/button'
import { EmptyState } from '@/ui/empty-state'
import { Input } from '@/ui/field'
import { Notice } from '@/ui/notice'
import { projectKind } from './project-kind'
import { SettingsCard } from './settings-card'
import { useSaveProject } from './use-save-project'

type Volume = Schemas['VolumeMount']
/** With a key, because names change while they are typed. */
type Row = Volume & { key: number }

const REFRESH_MS = 15_000
const COLUMNS =
  'grid-cols-[minmax(0,1fr)_2.5rem] gap-2 max-sm:[&>input]:col-span-2 sm:grid-cols-[10rem_minmax(0,1fr)_7rem_2rem]'

export function StoragePage() {
  const project = useCurrentProject()
  usePageTitle('Storage', project.name)
  const { canWrite } = useRights()
  const [begun, setBegun] = useState(false)
  const obstacle = useObstacle(project)
  if (project.volumes.length === 0 && !begun) {
    return (
      <EmptyState
        icon={HardDrive}
        title="No volumes"
        action={
          canWrite &&
          obstacle === null && (
            <Button onClick={() => setBegun(true)}>
              <Plus className="size-4" /> Add a volume
            </Button>
          )
        }
      >
        Files an app writes are lost on the next deployment, except in a volume: a folder that is kept across
        deployments. {obstacle}
      </EmptyState>
    )
  }
  // A saved change gives the form its new starting point.
  return <VolumesForm key={project.updated_at} project={project} />
}

/** Why a volume would be of no use here; null when nothing stands in the way, undefined until that is known. */
function useObstacle(project: Project) {
  // For as long as this page is open the workers stay what they are.
  const status = api.useQuery('get', '/api/v1/system/status', {}, { staleTime: REFRESH_MS })
  const workers = status.data?.workers ?? []
  const isStatic = projectKind(project) === 'static'
  const withoutDocker =
    project.runtime === 'process' ||
    (project.runtime === null && workers.length > 0 && workers.every((one) => one.runtime !== 'docker'))
  if (isStatic) return 'This project is a static site: no app runs, so there is nothing to keep.'
  if (!withoutDocker) return status.isPending ? undefined : null
  return (
    <>
      Volumes need the Docker runtime, and this {project.runtime === 'process' ? 'project' : 'instance'} runs
      apps as sandboxed processes. See{' '}
      {project.runtime === 'process' ? (
        <Link to="/projects/$project/settings/runtime" params={{ project: project.slug }} className="link">
          Runtime
        </Link>
      ) : (
        <Link to="/system" className="link">
          System
        </Link>
      )}
      .
    </>
  )
}

function VolumesForm({ project }: { project: Project }) {
  const start = project.volumes.map((volume, key) => ({ ...volume, key }))
  const [rows, setRows] = useState<Row[]>(start.length > 0 ? start : [{ name: '', path: '', key: 0 }])
  const { save, pending, problem } = useSaveProject()
  const { canWrite } = useRights()
  const usage = api.useQuery(
    'get',
    '/api/v1/projects/{project}/usage',
    { params: { path: { project: project.slug } } },
    { refetchInterval: REFRESH_MS },
  )
  const removed = start.filter((old) => !rows.some((row) => row.name === old.name))
  const set = (key: number, change: Partial<Volume>) =>
    setRows((before) => before.map((row) => (row.key === key ? { ...row, ...change } : row)))
  const submit = (event: FormEvent) => {
    event.preventDefault()
    save({ volumes: rows.map(({ name, path }) => ({ name: name.trim(), path: path.trim() })) })
  }
  return (
    <SettingsCard
      title="Volumes"
      description="Folders that are kept across deployments. They need the Docker runtime."
      dirty={JSON.stringify(rows) !== JSON.stringify(start)}
      pending={pending}
      problem={
        problem && problem.errors.length > 0 ? { ...problem, errors: [], detail: faults(problem) } : problem
      }
      onSubmit={submit}
    >
      {rows.length > 0 && (
        // The fields carry their own names for screen readers, and on phones each shows an example.
        <div aria-hidden className={`${COLUMNS} -mb-3 hidden font-medium text-[13px] sm:grid`}>
          <span>Name</span>
          <span>Mount path</span>
          <span className="text-right">Size</span>
        </div>
      )}
      {rows.length > 0 && (
        <ul className="flex flex-col gap-3">
          {rows.map((row, place) => (
            <li key={row.key} className={`grid items-center ${COLUMNS}`}>
              <Input
                aria-label={`Name of volume ${place + 1}`}
                className="font-mono text-[13px]!"
                spellCheck={false}
                placeholder="data"
                value={row.name}
                onChange={(event) => set(row.key, { name: event.target.value })}
              />
              <Input
                aria-label={`Mount path of volume ${place + 1}`}
                className="font-mono text-[13px]!"
                spellCheck={false}
                placeholder="/app/data"
                value={row.path}
                onChange={(event) => set(row.key, { path: event.target.value })}
              />
              <span className="text-ink-2 text-sm tabular-nums sm:text-right">
                {sizeText(usage.data?.volumes.find((one) => one.name === row.name))}
              </span>
              {canWrite && (
                <Button
                  variant="ghost"
                  size="icon"
                  aria-label={`Remove volume ${row.name || place + 1}`}
                  onClick={() => setRows((before) => before.filter((other) => other.key !== row.key))}
                >
                  <Trash2 className="size-4" />
                </Button>
              )}
            </li>
          ))}
        </ul>
      )}
      {canWrite && (
        <Button
          size="sm"
          className="self-start"
          onClick={() => setRows((before) => [...before, { name: '', path: '', key: nextKey(before) }])}
        >
          <Plus className="size-4" /> Add a volume
        </Button>
      )}
      {removed.length > 0 && (
        <Notice tone="warn" title={`${removed.map((one) => one.name).join(', ')} will be detached`}>
          The app can no longer read or write it after the next deployment.
        </Notice>
      )}
    </SettingsCard>
  )
}

function nextKey(rows: Row[]): number {
  return Math.max(-1, ...rows.map((row) => row.key)) + 1
}

/** What each volume lacks, which the API says by its place in the list. */
function faults(problem: { errors: { field: string; message: string }[] }): string {
  return problem.errors.map(({ field, message }) => `${field}: ${message}`).join('; ')
}

function sizeText(volume: Schemas['VolumeUsage'] | undefined): string {
  if (!volume) return 'Not in use'
  return volume.bytes === null ? 'Not measured' : bytes(volume.bytes)
}
