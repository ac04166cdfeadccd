import { ChevronRight, ExternalLink, Trash2 } from 'lucide-react'
import { type RefObject, useEffect, useRef } from 'react'
import { type Domain, DomainStatus } from '@/components/domain-status'
import { Button } from '@/ui/button'
import { Card } from '@/ui/card'
import { DnsRecord } from './dns-record'
import { DomainCheckBar, DomainFinding } from './domain-finding'
import { DomainSteps } from './domain-steps'
import { unicodeHostname } from './hostname'
import { PointingRecords } from './point-here'
import { useDomainCheck } from './use-domain-check'

type DomainCardProps = {
  domain: Domain
  canWrite: boolean
  onDelete: () => void
  onChanged: () => void
}

export function DomainCard({ domain, canWrite, onDelete, onChanged }: DomainCardProps) {
  const check = useDomainCheck(domain, onChanged)
  const link = useRef<HTMLAnchorElement>(null)
  const isActive = domain.status === 'active'
  const wasAsked = check.state === 'done'
  useEffect(() => {
    // The button that was pressed has gone with the steps; the keyboard goes on at the name.
    if (isActive && wasAsked && document.activeElement === document.body) link.current?.focus()
  }, [isActive, wasAsked])
  return (
    <Card>
      <div className="flex items-start gap-3 px-5 py-4">
        <div className="flex min-h-8 min-w-0 flex-1 pointer-coarse:min-h-10 flex-wrap items-center justify-between gap-x-3 gap-y-2">
          <DomainName domain={domain} link={link} />
          <DomainStatus status={domain.status} />
        </div>
        {canWrite && (
          <Button variant="ghost" size="icon" aria-label={`Remove ${domain.hostname}`} onClick={onDelete}>
            <Trash2 className="size-4" />
          </Button>
        )}
      </div>
      {!isActive && (
        <div className="flex flex-col gap-5 border-t p-5 text-sm">
          <DomainSteps domain={domain} />
          <DomainFinding domain={domain} />
          <DomainCheckBar domain={domain} check={canWrite ? check : null} />
        </div>
      )}
      <KeptRecords domain={domain} />
    </Card>
  )
}

/** The name for people, and beside it the one that DNS has, so that look-alikes are seen. */
function DomainName({ domain, link }: { domain: Domain; link: RefObject<HTMLAnchorElement | null> }) {
  const unicode = unicodeHostname(domain.hostname)
  const name = unicode ?? domain.hostname
  return (
    <div className="flex min-w-0 flex-wrap items-baseline gap-x-2.5 [overflow-wrap:anywhere]">
      <h2 className="min-w-0 font-medium">
        {domain.verified ? (
          <a ref={link} href={domain.url} target="_blank" rel="noreferrer" className="hover:underline">
            {name}
            <ExternalLink aria-hidden className="mb-0.5 ml-1.5 inline size-3.5 text-ink-3" />
          </a>
        ) : (
          name
        )}
      </h2>
      {unicode && <code className="min-w-0 font-mono text-[13px] text-ink-3">{domain.hostname}</code>}
    </div>
  )
}

/** Records that are no step to take, but have to stay. */
function KeptRecords({ domain }: { domain: Domain }) {
  const isActive = domain.status === 'active'
  const isPointed = domain.pointing.length > 0
  if (!isActive && !(domain.status === 'expiring' && isPointed)) return null
  return (
    <details className="group border-t text-sm">
      <summary className="flex list-none items-center gap-2 px-5 py-3 text-ink-2 hover:text-ink [&::-webkit-details-marker]:hidden">
        <ChevronRight aria-hidden className="size-4 transition-transform group-open:rotate-90" />
        {isActive ? 'DNS records' : 'DNS records that point here'}
      </summary>
      <div className="flex flex-col gap-5 px-5 pb-5">
        {isPointed && (
          <div>
            <p className="text-ink-2">
              {domain.pointing.length === 1 ? 'Points the domain here.' : 'Point the domain here.'}
            </p>
            <PointingRecords domain={domain} />
          </div>
        )}
        {isActive && (
          <div>
            <p className="text-ink-2">
              Verifies the domain. Keep it: without it the domain stops answering after 24 hours.
            </p>
            <DnsRecord record={domain.proof} />
          </div>
        )}
      </div>
    </details>
  )
}
