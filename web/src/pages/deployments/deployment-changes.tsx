// What is different from the release before: the first question when something broke.

import { Link } from '@tanstack/react-router'
import { ArrowRight, Minus, Pencil, Plus } from 'lucide-react'
import type { ReactNode } from 'react'
import { api, type Schemas } from '@/api/client'
import type { Deployment } from '@/api/queries'
import { comparisonPage } from '@/lib/address'
import { useCurrentProject } from '@/pages/project/use-current-project'
import { Card, CardHeader } from '@/ui/card'
import { settingLabel } from './setting-label'

type Changes = Schemas['DeploymentChanges']

const SHORT_SHA = 7

const KINDS = {
  added: { icon: Plus, colour: 'text-ok', says: 'new' },
  removed: { icon: Minus, colour: 'text-bad', says: 'removed' },
  changed: { icon: Pencil, colour: 'text-info', says: 'changed' },
} as const

export function DeploymentChanges({ deployment }: { deployment: Deployment }) {
  const changes = api.useQuery(
    'get',
    '/api/v1/deployments/{id}/changes',
    { params: { path: { id: deployment.id } } },
    { staleTime: 60_000 },
  )
  const previous = changes.data?.previous
  if (!changes.data || !previous) return null
  const same = changes.data.settings.length === 0 && changes.data.variables.length === 0
  return (
    <Card>
      <CardHeader
        title="Changes"
        description={
          <>
            Since the release before,{' '}
            <Link
              to="/projects/$project/deployments/$deployment"
              params={{ project: deployment.project_slug, deployment: previous.id }}
              className="link"
            >
              #{previous.number}
            </Link>
            .
          </>
        }
      />
      <ul className="divide-y text-sm">
        <CommitChange deployment={deployment} previous={previous} />
        {changes.data.settings.map((setting) => (
          <Row key={setting.name} name={settingLabel(setting.name)}>
            <Value text={setting.before} />
            <ArrowRight aria-label="became" className="size-3.5 shrink-0 text-ink-3" />
            <Value text={setting.after} />
          </Row>
        ))}
        {changes.data.variables.map((variable) => (
          <VariableRow key={variable.name} variable={variable} />
        ))}
        {same && <li className="px-5 py-3 text-ink-3">Settings and environment variables are the same.</li>}
      </ul>
    </Card>
  )
}

function CommitChange(props: { deployment: Deployment; previous: NonNullable<Changes['previous']> }) {
  const { repo_url } = useCurrentProject()
  const [before, after] = [props.previous.commit, props.deployment.commit]
  if (!after) return null
  if (before?.sha === after.sha) {
    return (
      <Row name="Commit">
        <span className="text-ink-2">the same, </span>
        <code className="font-mono text-[13px]">{after.sha.slice(0, SHORT_SHA)}</code>
      </Row>
    )
  }
  const page = before && repo_url ? comparisonPage(repo_url, before.sha, after.sha) : null
  return (
    <Row name="Commit">
      <Value text={before?.sha.slice(0, SHORT_SHA)} />
      <ArrowRight aria-label="became" className="size-3.5 shrink-0 text-ink-3" />
      <Value text={after.sha.slice(0, SHORT_SHA)} />
      {page && (
        <a href={page} target="_blank" rel="noreferrer" className="link ml-1">
          Compare
        </a>
      )}
    </Row>
  )
}

function VariableRow({ variable }: { variable: Changes['variables'][number] }) {
  const { icon: Icon, colour, says } = KINDS[variable.change]
  return (
    <li className="flex items-center gap-2.5 px-5 py-3">
      <Icon aria-hidden className={`size-3.5 shrink-0 ${colour}`} />
      <code className="min-w-0 truncate font-mono text-[13px]">{variable.name}</code>
      <span className="text-ink-3">variable {says}</span>
    </li>
  )
}

function Row({ name, children }: { name: string; children: ReactNode }) {
  return (
    <li className="flex flex-wrap items-center gap-x-2.5 gap-y-1 px-5 py-3">
      <span className="min-w-48 text-ink-2 max-sm:w-full">{name}</span>
      {children}
    </li>
  )
}

function Value({ text }: { text: string | null | undefined }) {
  if (text === null || text === undefined) return <span className="text-ink-3">automatic</span>
  return <code className="min-w-0 break-all font-mono text-[13px]">{text === '' ? '(empty)' : text}</code>
}
