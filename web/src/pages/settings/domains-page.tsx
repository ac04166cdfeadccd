import { Globe } from 'lucide-react'
import { useState } from 'react'
import { useDomains } from '@/api/queries'
import type { Domain } from '@/components/domain-status'
import { ProblemNotice } from '@/components/problem-notice'
import { usePageTitle } from '@/hooks/use-page-title'
import { useRights } from '@/hooks/use-session'
import { hostOf } from '@/lib/address'
import { useCurrentProject } from '@/pages/project/use-current-project'
import { EmptyState } from '@/ui/empty-state'
import { SkeletonRows } from '@/ui/skeleton'
import { AddDomain } from './add-domain'
import { DeleteDomain } from './delete-domain'
import { DomainCard } from './domain-card'
import { useDomainNews } from './use-domain-news'

/** Somebody may be adding a record right now. */
const RECHECK_MS = 3_000

export function DomainsPage() {
  const project = useCurrentProject()
  usePageTitle('Domains', project.name)
  const { canWrite } = useRights()
  const domains = useDomains(project.slug, RECHECK_MS)
  const [deleting, setDeleting] = useState<Domain | null>(null)
  const news = useDomainNews(domains.data?.items)
  const changed = () => domains.refetch()
  return (
    <>
      {canWrite && <AddDomain onAdded={changed} />}
      <p role="status" className="sr-only">
        {news}
      </p>
      {domains.data?.items.map((domain) => (
        <DomainCard
          key={domain.id}
          domain={domain}
          canWrite={canWrite}
          onDelete={() => setDeleting(domain)}
          onChanged={changed}
        />
      ))}
      {domains.data?.items.length === 0 && <NoDomains />}
      {!domains.data &&
        (domains.error ? (
          <ProblemNotice error={domains.error} retry={changed} />
        ) : (
          <SkeletonRows count={2} />
        ))}
      <DeleteDomain domain={deleting} onClose={() => setDeleting(null)} onDeleted={changed} />
    </>
  )
}

function NoDomains() {
  const { url } = useCurrentProject()
  return (
    <EmptyState icon={Globe} title="No custom domains">
      This project is available at{' '}
      <a href={url} target="_blank" rel="noreferrer" className="link">
        {hostOf(url)}
      </a>
      .
    </EmptyState>
  )
}
