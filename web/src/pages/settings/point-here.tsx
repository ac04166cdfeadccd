import type { ReactNode } from 'react'
import type { Domain } from '@/components/domain-status'
import { useCurrentProject } from '@/pages/project/use-current-project'
import { Notice } from '@/ui/notice'
import { DnsRecord } from './dns-record'

/** The records that bring a domain's visitors to this instance. */
export function PointHere({ domain }: { domain: Domain }) {
  if (domain.pointing.length === 0) return <NowhereToPoint />
  return (
    <>
      <p className="text-ink-2">
        {domain.pointing.some((record) => record.type === 'CNAME')
          ? "Add this record at your DNS provider. Root domains like example.com can't have a CNAME: use an ALIAS with the same value, or A and AAAA records with this server's IP address."
          : domain.pointing.length === 1
            ? 'Add this record at your DNS provider.'
            : 'Add these records at your DNS provider.'}
      </p>
      <PointingRecords domain={domain} />
    </>
  )
}

export function PointingRecords({ domain }: { domain: Domain }) {
  return domain.pointing.map((record) => <DnsRecord key={`${record.type} ${record.value}`} record={record} />)
}

function NowhereToPoint() {
  const project = useCurrentProject()
  const { hostname } = new URL(project.url)
  return (
    <Notice tone="warn" title="This instance has no public address yet" className="mt-2">
      Its sites are under <Code>{hostname.split('.').slice(1).join('.')}</Code>, which only resolves on this
      machine, so there is nothing to point the domain at. Set <Code>AETHER_APPS_DOMAIN</Code> to a domain
      whose wildcard points to this server and restart Aether; the record to add then appears here.
    </Notice>
  )
}

function Code({ children }: { children: ReactNode }) {
  return <code className="break-words font-mono text-[13px]">{children}</code>
}
