// Repositories that the team's GitHub Apps reach, with search, for a new project.

import { keepPreviousData } from '@tanstack/react-query'
import { Link } from '@tanstack/react-router'
import { Lock, Search } from 'lucide-react'
import { useDeferredValue, useState } from 'react'
import { api, type Schemas } from '@/api/client'
import { ProblemNotice } from '@/components/problem-notice'
import { TimeAgo } from '@/components/time-ago'
import { Button } from '@/ui/button'
import { Card, CardFooter, CardHeader } from '@/ui/card'
import { Input } from '@/ui/field'
import { SkeletonRows } from '@/ui/skeleton'

export type GitHubRepository = Schemas['GitHubRepository']

export function RepositoryPicker({ onPick }: { onPick: (repository: GitHubRepository) => void }) {
  const apps = api.useQuery('get', '/api/v1/github/apps')
  const isReady = apps.data?.items.some((app) => app.installations.length > 0) ?? false
  if (!apps.data) return null
  return (
    <Card>
      <CardHeader
        title="Import from GitHub"
        description={
          isReady
            ? 'Public and private repositories. Pushes deploy automatically.'
            : 'Choose from your public and private repositories.'
        }
        actions={
          <Button asChild size="sm">
            <Link to="/github">{isReady ? 'Manage' : 'Connect GitHub'}</Link>
          </Button>
        }
      />
      {isReady && <Choices onPick={onPick} />}
    </Card>
  )
}

function Choices({ onPick }: { onPick: (repository: GitHubRepository) => void }) {
  const [text, setText] = useState('')
  const [page, setPage] = useState(1)
  const q = useDeferredValue(text.trim())
  const found = api.useQuery(
    'get',
    '/api/v1/github/repositories',
    { params: { query: { page, ...(q && { q }) } } },
    { placeholderData: keepPreviousData },
  )
  const { data } = found
  return (
    <>
      <div className="border-b p-3">
        <div className="relative">
          <Search aria-hidden className="-translate-y-1/2 absolute top-1/2 left-3 size-4 text-ink-3" />
          <Input
            type="search"
            aria-label="Search repositories"
            placeholder="Search repositories"
            autoComplete="off"
            spellCheck={false}
            className="pl-9!"
            value={text}
            onChange={(event) => {
              setText(event.target.value)
              setPage(1)
            }}
          />
        </div>
      </div>
      {data?.failures.map((failure) => (
        <p key={failure.account} role="alert" className="border-b px-5 py-3 text-bad text-sm">
          {failure.account}: {failure.detail}
        </p>
      ))}
      {found.error ? (
        <div className="p-5">
          <ProblemNotice error={found.error} retry={() => found.refetch()} />
        </div>
      ) : !data ? (
        <div className="p-5">
          <SkeletonRows count={3} className="h-10" />
        </div>
      ) : data.items.length === 0 ? (
        <p className="p-5 text-ink-2 text-sm">
          {q ? `No repositories match “${q}”.` : 'The GitHub App has no access to any repository yet.'}
        </p>
      ) : (
        // The other ways to begin stand below and stay in reach.
        <ul className="max-h-96 divide-y overflow-y-auto overscroll-contain">
          {data.items.map((repository) => (
            <Row key={repository.repository_id} repository={repository} onPick={() => onPick(repository)} />
          ))}
        </ul>
      )}
      {data && (page > 1 || data.next_page !== null || data.incomplete) && (
        <CardFooter>
          <span>
            {data.total} {data.total === 1 ? 'repository' : 'repositories'}
            {data.incomplete && '; some repositories of a large account are not listed'}
          </span>
          <span className="flex gap-2">
            <Button size="sm" disabled={page === 1} onClick={() => setPage(page - 1)}>
              Previous
            </Button>
            <Button size="sm" disabled={!data.next_page} onClick={() => setPage(page + 1)}>
              Next
            </Button>
          </span>
        </CardFooter>
      )}
    </>
  )
}

function Row({ repository, onPick }: { repository: GitHubRepository; onPick: () => void }) {
  return (
    <li className="flex items-center gap-4 px-5 py-3 text-sm">
      <div className="min-w-0 flex-1">
        <p className="flex items-center gap-2">
          <span className="truncate font-medium">{repository.full_name}</span>
          {repository.private && (
            <>
              <Lock aria-hidden className="size-3.5 shrink-0 text-ink-3" />
              <span className="sr-only">Private</span>
            </>
          )}
        </p>
        <p className="mt-0.5 text-[13px] text-ink-3">
          {repository.default_branch}
          {repository.pushed_at && (
            <>
              , pushed <TimeAgo at={repository.pushed_at} />
            </>
          )}
        </p>
      </div>
      <Button size="sm" aria-label={`Choose ${repository.full_name}`} onClick={onPick}>
        Choose
      </Button>
    </li>
  )
}
