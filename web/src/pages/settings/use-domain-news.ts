// What became of domains while their page is open.

import { useEffect, useRef, useState } from 'react'
import { type Domain, domainStatusLabel } from '@/components/domain-status'
import { toast } from '@/ui/toast'

/** Tells once of each domain that has gone live. Returns what else has changed, to be spoken by screen readers. */
export function useDomainNews(domains: Domain[] | undefined): string {
  const known = useRef(new Map<string, Domain['status']>())
  const [news, setNews] = useState('')
  useEffect(() => {
    const changes: string[] = []
    for (const domain of domains ?? []) {
      const before = known.current.get(domain.id)
      if (before === undefined || before === domain.status) continue
      // An expiring domain has answered all along.
      if (domain.status === 'active' && before !== 'expiring') tellLive(domain)
      else changes.push(`${domain.hostname}: ${domainStatusLabel(domain.status)}`)
    }
    known.current = new Map(domains?.map((domain) => [domain.id, domain.status]))
    if (changes.length > 0) setNews(changes.join(', '))
  }, [domains])
  return news
}

function tellLive({ hostname, url }: Domain): void {
  toast({
    title: `${hostname} is live`,
    action: { label: 'Visit', run: () => window.open(url, '_blank', 'noreferrer') },
  })
}
