import { type UseFormReturn, useForm } from 'react-hook-form'
import type { Schemas } from '@/api/client'
import { usePageTitle } from '@/hooks/use-page-title'
import { useCurrentProject } from '@/pages/project/use-current-project'
import { Field, Input } from '@/ui/field'
import { Select } from '@/ui/select'
import { SettingsCard } from './settings-card'
import { useSaveProject } from './use-save-project'

type Limits = Schemas['ResourceLimits']

const LIMITS = [
  ['memory_mb', 'Memory', 'MiB'],
  ['cpus', 'Processors', 'cores'],
  ['pids', 'Processes', 'with threads'],
  ['disk_mb', 'Disk', 'MiB'],
] as const

export function RuntimePage() {
  const project = useCurrentProject()
  usePageTitle('Health and limits', project.name)
  return (
    <>
      <HealthCard />
      <CopiesCard />
      <AppLimitsCard />
      <BuildLimitsCard />
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
      description="A new release gets visitors only after it answered; until then they stay with the old one."
      dirty={form.formState.isDirty}
      {...{ pending, problem }}
      onSubmit={form.handleSubmit(({ path, timeout }) =>
        save({ health_check_path: path.trim() || null, health_check_timeout_seconds: timeout }),
      )}
    >
      <div className="grid gap-5 sm:grid-cols-2">
        <Field
          label="Path"
          hint="Must answer with 2xx or 3xx. Empty: accepting a connection is enough."
          error={error('health_check_path')}
        >
          <Input className="font-mono text-[13px]!" placeholder="/health" {...form.register('path')} />
        </Field>
        <Field
          label="Patience, in seconds"
          hint="How long an app may take to become healthy."
          error={error('health_check_timeout_seconds')}
        >
          <Input type="number" min={1} max={600} {...form.register('timeout', { valueAsNumber: true })} />
        </Field>
      </div>
    </SettingsCard>
  )
}

function CopiesCard() {
  const project = useCurrentProject()
  const { save, pending, problem, error } = useSaveProject()
  const form = useForm<{
    replicas: number
    runtime: Schemas['RuntimeName'] | ''
    access_log_percent: number
  }>({
    values: {
      replicas: project.replicas,
      runtime: project.runtime ?? '',
      access_log_percent: project.access_log_percent,
    },
  })
  return (
    <SettingsCard
      title="Where and how it runs"
      dirty={form.formState.isDirty}
      {...{ pending, problem }}
      onSubmit={form.handleSubmit(({ runtime, ...rest }) => save({ ...rest, runtime: runtime || null }))}
    >
      <div className="grid gap-5 sm:grid-cols-2">
        <Field
          label="Copies"
          hint="Of an app; the proxy spreads visitors over them."
          error={error('replicas')}
        >
          <Input type="number" min={1} {...form.register('replicas', { valueAsNumber: true })} />
        </Field>
        <Field label="Isolation" hint="Containers keep builds and apps apart best." error={error('runtime')}>
          <Select {...form.register('runtime')}>
            <option value="">What the worker has</option>
            <option value="docker">Docker containers</option>
            <option value="process">Sandboxed processes</option>
          </Select>
        </Field>
        <Field
          label="Visits in the access log, in percent"
          hint="Of the requests; 0 writes none."
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
  const form = useForm<{ limits: Limits }>({ values: { limits: project.app_limits } })
  return (
    <SettingsCard
      title="Limits of the app"
      description="What one running copy may use. One that takes more memory is stopped and started again."
      dirty={form.formState.isDirty}
      {...{ pending, problem }}
      onSubmit={form.handleSubmit(({ limits }) => save({ app_limits: limits }))}
    >
      <LimitFields form={form} prefix="app_limits" error={error} />
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
      title="Limits of a build"
      description="A build that takes more is stopped; its error names the limit."
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
      <Field label="Time, in seconds" hint="For the whole build." error={error('build_timeout_seconds')}>
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
