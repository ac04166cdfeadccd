import { type UseFormReturn, useForm } from 'react-hook-form'
import type { Schemas } from '@/api/client'
import { usePageTitle } from '@/hooks/use-page-title'
import { useCurrentProject } from '@/pages/project/use-current-project'
import { Field, Input } from '@/ui/field'
import { Select } from '@/ui/select'
import { NotForStatic } from './not-for-static'
import { projectKind } from './project-kind'
import { SettingsCard } from './settings-card'
import { useSaveProject } from './use-save-project'

type Limits = Schemas['ResourceLimits']

const LIMITS = [
  ['memory_mb', 'Memory', 'MiB'],
  ['cpus', 'CPU', 'cores'],
  ['pids', 'Processes', 'including threads'],
  ['disk_mb', 'Disk', 'MiB'],
] as const

export function RuntimePage() {
  const project = useCurrentProject()
  usePageTitle('Runtime', project.name)
  const isStatic = projectKind(project) === 'static'
  const app = (
    <>
      <HealthCard />
      <AppLimitsCard />
    </>
  )
  return (
    <>
      {!isStatic && app}
      <BuildLimitsCard />
      <RuntimeCard />
      {isStatic && <NotForStatic what="Health check, replicas and app limits">{app}</NotForStatic>}
    </>
  )
}

function HealthCard() {
  const project = useCurrentProject()
  const { save, pending, problem, error } = useSaveProject()
  const form = useForm({
    values: {
      path: project.health_check_path ?? '',
      timeout: project.health_check_timeout_seconds,
    },
  })
  return (
    <SettingsCard
      title="Health check"
      description="A new deployment goes live only after it passes. Until then, the previous one keeps serving."
      dirty={form.formState.isDirty}
      {...{ pending, problem }}
      onSubmit={form.handleSubmit(({ path, timeout }) =>
        save({ health_check_path: path.trim() || null, health_check_timeout_seconds: timeout }),
      )}
    >
      <div className="grid gap-5 sm:grid-cols-2">
        <Field
          label="Health check path"
          hint="Must respond with 2xx or 3xx. Leave empty to only check that the port is open."
          error={error('health_check_path')}
        >
          <Input className="font-mono text-[13px]!" placeholder="/health" {...form.register('path')} />
        </Field>
        <Field
          label="Timeout (seconds)"
          hint="How long the app may take to become healthy."
          error={error('health_check_timeout_seconds')}
        >
          <Input type="number" min={1} max={600} {...form.register('timeout', { valueAsNumber: true })} />
        </Field>
      </div>
    </SettingsCard>
  )
}

function RuntimeCard() {
  const project = useCurrentProject()
  const { save, pending, problem, error } = useSaveProject()
  const form = useForm<{
    runtime: Schemas['RuntimeName'] | ''
    access_log_percent: number
  }>({
    values: {
      runtime: project.runtime ?? '',
      access_log_percent: project.access_log_percent,
    },
  })
  return (
    <SettingsCard
      title="Isolation and access log"
      dirty={form.formState.isDirty}
      {...{ pending, problem }}
      onSubmit={form.handleSubmit(({ runtime, ...rest }) => save({ ...rest, runtime: runtime || null }))}
    >
      <div className="grid gap-5 sm:grid-cols-2">
        <Field label="Isolation" hint="Containers isolate builds and apps best." error={error('runtime')}>
          <Select {...form.register('runtime')}>
            <option value="">Worker default</option>
            <option value="docker">Docker containers</option>
            <option value="process">Sandboxed processes</option>
          </Select>
        </Field>
        <Field
          label="Access log (% of requests)"
          hint="Share of requests to log. 0 turns it off."
          error={error('access_log_percent')}
        >
          <Input
            type="number"
            min={0}
            max={100}
            {...form.register('access_log_percent', { valueAsNumber: true })}
          />
        </Field>
      </div>
    </SettingsCard>
  )
}

function AppLimitsCard() {
  const project = useCurrentProject()
  const { save, pending, problem, error } = useSaveProject()
  const form = useForm<{ limits: Limits; replicas: number }>({
    values: { limits: project.app_limits, replicas: project.replicas },
  })
  return (
    <SettingsCard
      title="Replicas and limits"
      description="Limits apply to each replica. A replica that exceeds its memory limit is restarted."
      dirty={form.formState.isDirty}
      {...{ pending, problem }}
      onSubmit={form.handleSubmit(({ limits, replicas }) => save({ replicas, app_limits: limits }))}
    >
      <Field
        label="Replicas"
        hint="Copies of the app that run side by side; traffic is balanced across them."
        error={error('replicas')}
      >
        <Input
          type="number"
          min={1}
          className="sm:max-w-[calc(50%-0.625rem)]"
          {...form.register('replicas', { valueAsNumber: true })}
        />
      </Field>
      <LimitFields
        form={form as unknown as UseFormReturn<{ limits: Limits }>}
        prefix="app_limits"
        error={error}
      />
    </SettingsCard>
  )
}

function BuildLimitsCard() {
  const project = useCurrentProject()
  const { save, pending, problem, error } = useSaveProject()
  const form = useForm<{ limits: Limits; timeout: number }>({
    values: { limits: project.build_limits, timeout: project.build_timeout_seconds },
  })
  return (
    <SettingsCard
      title="Build limits"
      description="A build that exceeds a limit is stopped, and its error names the limit."
      dirty={form.formState.isDirty}
      {...{ pending, problem }}
      onSubmit={form.handleSubmit(({ limits, timeout }) =>
        save({ build_limits: limits, build_timeout_seconds: timeout }),
      )}
    >
      <LimitFields
        form={form as unknown as UseFormReturn<{ limits: Limits }>}
        prefix="build_limits"
        error={error}
      />
      <Field label="Build timeout (seconds)" error={error('build_timeout_seconds')}>
        <Input
          type="number"
          min={10}
          max={14_400}
          className="sm:max-w-[calc(50%-0.625rem)]"
          {...form.register('timeout', { valueAsNumber: true })}
        />
      </Field>
    </SettingsCard>
  )
}

function LimitFields(props: {
  form: UseFormReturn<{ limits: Limits }>
  prefix: string
  error: (field: string) => string | undefined
}) {
  return (
    <div className="grid gap-5 sm:grid-cols-2">
      {LIMITS.map(([name, label, unit]) => (
        <Field
          key={name}
          label={
            <>
              {label} <span className="font-normal text-ink-3">({unit})</span>
            </>
          }
          error={props.error(`${props.prefix}.${name}`)}
        >
          <Input
            type="number"
            min={0}
            step={name === 'cpus' ? 0.1 : 1}
            {...props.form.register(`limits.${name}`, { valueAsNumber: true })}
          />
        </Field>
      ))}
    </div>
  )
}
