import type { Schemas } from '@/api/client'
import { Badge, StatusDot, type Tone } from '@/ui/badge'
import { TimeAgo } from './time-ago'

export type Domain = Schemas['Domain']

const STATUS: Record<Domain['status'], { tone: Tone; label: string }> = {
  unverified: { tone: 'info', label: 'Waiting for DNS' },
  misdirected: { tone: 'warn', label: 'Not pointing here' },
  expiring: { tone: 'warn', label: 'Verification record missing' },
  active: { tone: 'ok', label: 'Active' },
}

export function domainStatusLabel(status: Domain['status']): string {
  return STATUS[status].label
}

export function DomainStatus({ status }: { status: Domain['status'] }) {
  const { tone, label } = STATUS[status]
  return (
    <Badge tone={tone}>
      <StatusDot tone={tone} />
      {label}
    </Badge>
  )
}

/** "in 20 hours", or "soon" once that is past: the worker withdraws a domain with its next look. */
export function Expiry({ at }: { at: string }) {
  return Date.parse(at) > Date.now() ? <TimeAgo at={at} /> : 'soon'
}
