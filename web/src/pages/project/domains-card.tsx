import { Link } from '@tanstack/react-router'
import { api } from '@/api/client'
import { useRights } from '@/hooks/use-session'
import { hostOf } from '@/lib/address'
import { Badge, StatusDot } from '@/ui/badge'
import { Button } from '@/ui/button'
import { Card, CardHeader } from '@/ui/card'
import { CopyButton } from '@/ui/copy-button'
import { useCurrentProject } from './use-current-project'

const RECHECK_MS = 15_000

/** Every name the project answers to, and what a new one still waits for. */
export function DomainsCard() {
  const project = useCurrentProject()
  const { canWrite } = useRights()
  const params = { project: project.slug }
  const domains = api.useQuery(
    'get',
    '/api/v1/projects/{project}/domains',
    { params: { path: params } },
    {
      refetchInterval: (query) =>
        query.state.data?.items.every((domain) => domain.verified) ? false : RECHECK_MS,
    },
  )
  return (
    <Card>
      <CardHeader
        title="Domains"
        actions={
          canWrite && (
            <Button asChild size="sm">
              <Link to="/projects/$project/settings/domains" params={params}>
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
          <li key={domain.id} className="px-5 py-3">
            <p className="flex items-center gap-2">
              <span className="min-w-0 flex-1 truncate">{domain.hostname}</span>
              <Badge tone={domain.verified ? 'ok' : 'warn'}>
                <StatusDot tone={domain.verified ? 'ok' : 'warn'} />
                {domain.verified ? 'Verified' : 'Not verified'}
              </Badge>
            </p>
            {!domain.verified && (
              <p className="mt-1 flex items-center gap-1 text-[13px] text-ink-2">
                <span className="min-w-0 truncate">
                  Make a {domain.proof.type} record{' '}
                  <code className="font-mono text-[12.5px]">{domain.proof.name}</code>
                </span>
                <Link
                  to="/projects/$project/settings/domains"
                  params={params}
                  className="link ml-auto shrink-0"
                >
                  How
                </Link>
              </p>
            )}
          </li>
        ))}
      </ul>
    </Card>
  )
}
