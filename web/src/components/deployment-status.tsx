import type { Schemas } from '@/api/client'
import { Badge, StatusDot, type Tone } from '@/ui/badge'

export type Status = Schemas['DeploymentStatus']

const STATUS: Record<Status, { tone: Tone; label: string; busy: boolean }> = {
  QUEUED: { tone: 'idle', label: 'Queued', busy: true },
  BUILDING: { tone: 'warn', label: 'Building', busy: true },
  DEPLOYING: { tone: 'info', label: 'Deploying', busy: true },
  READY: { tone: 'ok', label: 'Ready', busy: false },
  FAILED: { tone: 'bad', label: 'Failed', busy: false },
  CANCELLED: { tone: 'idle', label: 'Cancelled', busy: false },
  SUPERSEDED: { tone: 'idle', label: 'Superseded', busy: false },
}

/** Still on its way; it will change by itself. */
export function isActive(status: Status): boolean {
  return STATUS[status].busy
}

export function DeploymentStatus({ status }: { status: Status }) {
  const { tone, label, busy } = STATUS[status]
  return (
    <Badge tone={tone}>
      <StatusDot tone={tone} busy={busy} />
      {label}
    </Badge>
  )
}

export function StatusText({ status }: { status: Status }) {
  const { tone, label, busy } = STATUS[status]
  return (
    <span className="inline-flex items-center gap-2">
      <StatusDot tone={tone} busy={busy} />
      {label}
    </span>
  )
}

export function DeploymentDot({ status }: { status: Status }) {
  const { tone, label, busy } = STATUS[status]
  return (
    <span title={label} className="inline-flex">
      <StatusDot tone={tone} busy={busy} />
      <span className="sr-only">{label}</span>
    </span>
  )
}
