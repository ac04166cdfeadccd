import { Link } from '@tanstack/react-router'
import { useDomains } from '@/api/queries'
import { type Domain, DomainStatus, Expiry } from '@/components/domain-status'
import { useRights } from '@/hooks/use-session'
import { hostOf } from '@/lib/address'
import { Button } from '@/ui/button'
import { Card, CardHeader } from '@/ui/card'
import { CopyButton } from '@/ui/copy-button'
import { useCurrentProject } from './use-current-project'

const RECHECK_MS = 15_000

/** Every name the project answers to, and what a new one still waits for. */
export function DomainsCard() {
  const project = useCurrentProject()
  const { canWrite } = useRights()
  const domains = useDomains(project.slug, RECHECK_MS)
  return (
    <Card>
      <CardHeader
        title="Domains"
        actions={
          canWrite && (
            <Button asChild size="sm">
              <Link to="/projects/$project/settings/domains" params={{ project: project.slug }}>
                Add a domain
              </Link>
            </Button>
          )
        }
      />
      <ul className="divide-y text-sm">
        <li className="flex items-center gap-2 px-5 py-3">
          <a href={project.url} target="_blank" rel="noreferrer" className="min-w-0 truncate hover:underline">
            {hostOf(project.url)}
          </a>
          <span className="-my-1.5">
            <CopyButton text={project.url} label="Copy the address" />
          </span>
          <span className="ml-auto text-ink-3">default</span>
        </li>
        {domains.data?.items.map((domain) => (
          <DomainRow key={domain.id} domain={domain} project={project.slug} />
        ))}
      </ul>
    </Card>
  )
}

function DomainRow({ domain, project }: { domain: Domain; project: string }) {
  return (
    <li className="px-5 py-3">
      <p className="flex items-center justify-between gap-2">
        {domain.verified ? (
          <a href={domain.url} target="_blank" rel="noreferrer" className="min-w-0 truncate hover:underline">
            {domain.hostname}
          </a>
        ) : (
          <span className="min-w-0 truncate">{domain.hostname}</span>
        )}
        <DomainStatus status={domain.status} />
      </p>
      {domain.status !== 'active' && (
        <p className="mt-1 flex items-center gap-3 text-[13px] text-ink-2">
          <span className="min-w-0 truncate">
            <Reason domain={domain} />
          </span>
          <Link
            to="/projects/$project/settings/domains"
            params={{ project }}
            className="link ml-auto shrink-0"
          >
            Details
          </Link>
        </p>
      )}
    </li>
  )
}

function Reason({ domain }: { domain: Domain }) {
  const expiry = domain.stops_at
  if (expiry) {
    return (
      <>
        Stops answering <Expiry at={expiry} />
      </>
    )
  }
  return domain.problem?.title ?? 'Looking up DNS…'
}
