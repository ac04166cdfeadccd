import { ChevronRight, Globe, Trash2 } from 'lucide-react'
import { useState } from 'react'
import { useForm } from 'react-hook-form'
import { api, type Schemas } from '@/api/client'
import { asProblem, fieldError } from '@/api/problem'
import { ConfirmDialog } from '@/components/confirm-dialog'
import { ProblemNotice, sentence } from '@/components/problem-notice'
import { usePageTitle } from '@/hooks/use-page-title'
import { useRights } from '@/hooks/use-session'
import { hostOf } from '@/lib/address'
import { useCurrentProject } from '@/pages/project/use-current-project'
import { Badge, StatusDot } from '@/ui/badge'
import { Button } from '@/ui/button'
import { Card, CardHeader } from '@/ui/card'
import { CopyButton } from '@/ui/copy-button'
import { EmptyState } from '@/ui/empty-state'
import { Field, Input } from '@/ui/field'
import { Notice } from '@/ui/notice'
import { SkeletonRows } from '@/ui/skeleton'
import { toast } from '@/ui/toast'
import { hostnameFrom, unicodeHostname } from './hostname'

type Domain = Schemas['Domain']

/** Somebody may be adding a record, or another domain, right now. */
const RECHECK_MS = 10_000

export function DomainsPage() {
  const project = useCurrentProject()
  usePageTitle('Domains', project.name)
  const { canWrite } = useRights()
  const domains = api.useQuery(
    'get',
    '/api/v1/projects/{project}/domains',
    { params: { path: { project: project.slug } } },
    {
      refetchInterval: (query) =>
        query.state.data?.items.every((domain) => domain.verified) ? false : RECHECK_MS,
    },
  )
  const [deleting, setDeleting] = useState<Domain | null>(null)
  const changed = () => domains.refetch()
  return (
    <>
      {canWrite && <AddDomain onAdded={changed} />}
      {domains.data?.items.some((domain) => !domain.verified) && (
        <Notice tone="info" title="Custom domains don't get traffic yet">
          This version keeps a domain and its records, but doesn't check DNS or serve the domain. The project
          stays available at {hostOf(project.url)}.
        </Notice>
      )}
      {domains.error ? (
        <ProblemNotice error={domains.error} retry={changed} />
      ) : !domains.data ? (
        <SkeletonRows count={2} />
      ) : domains.data.items.length === 0 ? (
        <EmptyState icon={Globe} title="No custom domains">
          This project is available at{' '}
          <a href={project.url} target="_blank" rel="noreferrer" className="link">
            {hostOf(project.url)}
          </a>
          .
        </EmptyState>
      ) : (
        domains.data.items.map((domain) => (
          <DomainCard
            key={domain.id}
            domain={domain}
            onDelete={canWrite ? () => setDeleting(domain) : null}
          />
        ))
      )}
      <DeleteDomain domain={deleting} onClose={() => setDeleting(null)} onDeleted={changed} />
    </>
  )
}

function AddDomain({ onAdded }: { onAdded: () => void }) {
  const project = useCurrentProject()
  const create = api.useMutation('post', '/api/v1/projects/{project}/domains')
  const form = useForm({ defaultValues: { hostname: '' } })
  const problem = create.error ? asProblem(create.error) : null
  const submit = form.handleSubmit(({ hostname }) =>
    create.mutate(
      { params: { path: { project: project.slug } }, body: { hostname: hostnameFrom(hostname) } },
      {
        onSuccess: () => {
          form.reset()
          onAdded()
        },
      },
    ),
  )
  return (
    <Card>
      <CardHeader
        title="Add a domain"
        description="Use a domain you own. A TXT record at your DNS provider verifies it."
      />
      <form onSubmit={submit} noValidate className="p-5">
        <div className="flex items-end gap-2">
          <Field label="Domain" className="max-w-md flex-1">
            <Input
              placeholder="www.example.com"
              autoComplete="off"
              spellCheck={false}
              {...form.register('hostname', { required: 'Enter a domain, like www.example.com.' })}
            />
          </Field>
          <Button type="submit" variant="primary" loading={create.isPending}>
            Add
          </Button>
        </div>
        {(form.formState.errors.hostname ?? problem) && (
          <p role="alert" className="mt-2 text-[13px] text-bad">
            {form.formState.errors.hostname?.message ??
              fieldError(problem, 'hostname') ??
              (problem && sentence(problem.detail))}
          </p>
        )}
      </form>
    </Card>
  )
}

function DomainCard({ domain, onDelete }: { domain: Domain; onDelete: (() => void) | null }) {
  return (
    <Card>
      <div className="flex items-center gap-3 px-5 py-4">
        <DomainName hostname={domain.hostname} />
        <Badge tone={domain.verified ? 'ok' : 'warn'}>
          <StatusDot tone={domain.verified ? 'ok' : 'warn'} />
          {domain.verified ? 'Verified' : 'Not verified'}
        </Badge>
        {onDelete && (
          <Button variant="ghost" size="icon" aria-label={`Remove ${domain.hostname}`} onClick={onDelete}>
            <Trash2 className="size-4" />
          </Button>
        )}
      </div>
      {domain.verified ? (
        <details className="group border-t text-sm">
          <summary className="flex list-none items-center gap-2 px-5 py-3 text-ink-2 hover:text-ink [&::-webkit-details-marker]:hidden">
            <ChevronRight aria-hidden className="size-4 transition-transform group-open:rotate-90" />
            DNS record
          </summary>
          <div className="px-5 pb-5">
            <PointHere hostname={domain.hostname} />
          </div>
        </details>
      ) : (
        <div className="flex flex-col gap-5 border-t p-5 text-sm">
          <div>
            <p className="mb-1 font-medium">1. Verify ownership</p>
            <p className="text-ink-2">
              Add this record at your DNS provider. DNS changes can take a few minutes to be visible.
            </p>
            <DnsRecord {...domain.proof} />
          </div>
          <div>
            <p className="mb-1 font-medium">2. Point the domain here</p>
            <PointHere hostname={domain.hostname} />
          </div>
        </div>
      )}
    </Card>
  )
}

/** The record that brings a domain's visitors to this instance. */
function PointHere({ hostname }: { hostname: string }) {
  const project = useCurrentProject()
  const { hostname: target } = new URL(project.url)
  if (target.endsWith('.localhost')) {
    return (
      <Notice tone="warn" title="This instance has no public address yet" className="mt-2">
        Its sites are under <Code>{target.split('.').slice(1).join('.')}</Code>, which only resolves on this
        machine, so there is nothing to point the domain at. Set <Code>AETHER_APPS_DOMAIN</Code> to a domain
        whose wildcard points to this server and restart Aether; the record to add then appears here.
      </Notice>
    )
  }
  return (
    <>
      <p className="text-ink-2">
        Root domains like example.com can't have a CNAME: use an ALIAS with the same value, or A and AAAA
        records with this server's IP address.
      </p>
      <DnsRecord type="CNAME" name={hostname} value={target} />
    </>
  )
}

function Code({ children }: { children: string }) {
  return <code className="break-words font-mono text-[13px]">{children}</code>
}

/** The name for people, and beside it the one that DNS has, so that look-alikes are seen. */
function DomainName({ hostname }: { hostname: string }) {
  const name = unicodeHostname(hostname)
  return (
    <p className="flex min-w-0 flex-1 flex-wrap items-baseline gap-x-2.5 font-medium">
      <span className="min-w-0 truncate">{name ?? hostname}</span>
      {name && (
        <code className="min-w-0 truncate font-mono font-normal text-[13px] text-ink-3">{hostname}</code>
      )}
    </p>
  )
}

function DnsRecord({ type, name, value }: { type: string; name: string; value: string }) {
  return (
    <dl className="mt-3 grid grid-cols-[4rem_minmax(0,1fr)] items-center gap-x-3 gap-y-1 rounded-lg border bg-raised/50 px-4 py-2">
      <Record name="Type" value={type} />
      <Record name="Name" value={name} copy />
      <Record name="Value" value={value} copy />
    </dl>
  )
}

function Record({ name, value, copy }: { name: string; value: string; copy?: boolean }) {
  return (
    <>
      <dt className="text-ink-3">{name}</dt>
      <dd className="flex min-h-8 items-center gap-2">
        <code className="min-w-0 flex-1 break-all font-mono text-[13px]">{value}</code>
        {copy && <CopyButton text={value} label={`Copy the ${name.toLowerCase()}`} />}
      </dd>
    </>
  )
}

function DeleteDomain(props: { domain: Domain | null; onClose: () => void; onDeleted: () => void }) {
  const project = useCurrentProject()
  const remove = api.useMutation('delete', '/api/v1/projects/{project}/domains/{hostname}')
  const hostname = props.domain?.hostname ?? ''
  return (
    <ConfirmDialog
      open={props.domain !== null}
      onOpenChange={(open) => !open && props.onClose()}
      title={`Remove ${hostname}?`}
      action="Remove"
      danger
      pending={remove.isPending}
      error={remove.error}
      onConfirm={() =>
        remove.mutate(
          { params: { path: { project: project.slug, hostname } } },
          {
            onSuccess: () => {
              props.onDeleted()
              props.onClose()
              toast({ title: `${hostname} removed` })
            },
          },
        )
      }
    >
      The domain stops working immediately. To use it again, you have to verify it again.
    </ConfirmDialog>
  )
}
