import { RotateCw } from 'lucide-react'
import { type Domain, domainStatusLabel, Expiry } from '@/components/domain-status'
import { ProblemNotice } from '@/components/problem-notice'
import { TimeAgo } from '@/components/time-ago'
import { cn } from '@/lib/cn'
import type { Tone } from '@/ui/badge'
import { Button } from '@/ui/button'
import { Notice } from '@/ui/notice'
import { Prose } from '@/ui/prose'
import type { DomainCheck } from './use-domain-check'

/** What the last look at a domain's DNS found missing; whole sentences, which may begin with the domain's name. */
export function DomainFinding({ domain }: { domain: Domain }) {
  if (!domain.checked_at) {
    return <Notice tone="info" title="Looking up DNS…" />
  }
  const { problem } = domain
  const expiry = domain.stops_at
  if (!problem && !expiry) return null
  return (
    <Notice tone={findingTone(domain)} title={findingTitle(domain)}>
      {expiry && (
        <p>
          The domain stops answering <Expiry at={expiry} /> unless the record comes back.
        </p>
      )}
      {problem && (
        <p className="[overflow-wrap:anywhere]">
          <Prose>{problem.detail}</Prose>
        </p>
      )}
      {problem?.hint && (
        <p className="mt-1 text-ink [overflow-wrap:anywhere]">
          <Prose>{problem.hint}</Prose>
        </p>
      )}
    </Notice>
  )
}

/** A record that was never there is what everybody begins with; one that has gone is not. */
function findingTone({ problem, status }: Domain): Tone {
  return problem?.code === 'domain_proof_missing' && status === 'unverified' ? 'info' : 'warn'
}

function findingTitle({ problem, status }: Domain): string {
  if (status === 'expiring' && (!problem || problem.code === 'domain_proof_missing')) {
    return 'The TXT record is no longer there'
  }
  return problem?.title ?? domainStatusLabel(status)
}

/** When DNS was last looked at, and the way to have it looked at now. */
export function DomainCheckBar(props: { domain: Domain; check: DomainCheck | null }) {
  const { domain, check } = props
  const busy = check?.state === 'busy'
  return (
    <div className="flex flex-col gap-3">
      {check?.error ? <ProblemNotice error={check.error} /> : null}
      <div className="flex min-h-8 items-center justify-between gap-3 text-[13px] text-ink-2">
        <p>{busy ? 'Checking DNS…' : check?.state === 'late' ? LATE : <CheckedAt domain={domain} />}</p>
        {check && (
          // Not disabled while it works: that would take the keyboard's place on the page away.
          <Button
            size="sm"
            aria-label={`Check now: ${domain.hostname}`}
            aria-disabled={busy}
            aria-busy={busy}
            onClick={() => !busy && check.run()}
            className="shrink-0 aria-disabled:cursor-default!"
          >
            <RotateCw aria-hidden className={cn('size-3.5', busy && 'animate-spin')} /> Check now
          </Button>
        )}
        <span role="status" className="sr-only">
          {spoken(domain, check)}
        </span>
      </div>
    </div>
  )
}

const LATE = "The check hasn't finished after 20 seconds. Its result appears here as soon as there is one."

function CheckedAt({ domain }: { domain: Domain }) {
  if (!domain.checked_at) return 'Not checked yet'
  return (
    <>
      Checked <TimeAgo at={domain.checked_at} />
    </>
  )
}

/** What a click has led to, for those who don't see it. */
function spoken(domain: Domain, check: DomainCheck | null): string {
  if (check?.state === 'busy') return 'Checking DNS'
  if (check?.state === 'late') return LATE
  if (check?.state === 'done') return `Checked: ${domain.problem?.title ?? domainStatusLabel(domain.status)}`
  return ''
}
