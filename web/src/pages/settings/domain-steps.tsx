import { Check } from 'lucide-react'
import type { ReactNode } from 'react'
import type { Domain } from '@/components/domain-status'
import { TimeAgo } from '@/components/time-ago'
import { cn } from '@/lib/cn'
import { DnsRecord } from './dns-record'
import { PointHere } from './point-here'

/** What its owner has to do at the DNS provider until a domain is active. */
export function DomainSteps({ domain }: { domain: Domain }) {
  const isProven = domain.status === 'misdirected'
  return (
    <ol className="flex flex-col gap-6">
      <Step number={1} title="Verify ownership" done={isProven}>
        {isProven ? (
          <p className="text-ink-2">
            Verified {domain.verified_at && <TimeAgo at={domain.verified_at} />}. Keep the TXT record: it is
            checked regularly.
          </p>
        ) : (
          <>
            <p className="text-ink-2">
              {domain.status === 'expiring'
                ? 'Put this record back at your DNS provider, and keep it there.'
                : 'Add this record at your DNS provider, and keep it there. DNS changes can take a few minutes to be visible.'}
            </p>
            <DnsRecord record={domain.proof} />
          </>
        )}
      </Step>
      {/* Where a domain leads is told only while its TXT record is there. */}
      {domain.status !== 'expiring' && (
        <Step number={2} title="Point the domain here" done={false}>
          <PointHere domain={domain} />
        </Step>
      )}
    </ol>
  )
}

function Step(props: { number: number; title: string; done: boolean; children: ReactNode }) {
  return (
    <li className="grid grid-cols-[1.25rem_minmax(0,1fr)] gap-x-3 gap-y-1">
      <span
        className={cn(
          'grid size-5 place-items-center rounded-full font-medium text-xs tabular-nums',
          props.done ? 'soft-ok' : 'border border-line-strong text-ink-2',
        )}
      >
        {props.done ? <Check aria-hidden className="size-3.5" /> : <span aria-hidden>{props.number}</span>}
        <span className="sr-only">{props.done ? 'Done' : 'Open'}</span>
      </span>
      <h3 className="font-medium">{props.title}</h3>
      {/* Records need a phone's whole width. */}
      <div className="col-span-2 sm:col-span-1 sm:col-start-2">{props.children}</div>
    </li>
  )
}
