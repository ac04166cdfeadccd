import { Laptop, Smartphone } from 'lucide-react'
import { useState } from 'react'
import { api, type Schemas } from '@/api/client'
import { ConfirmDialog } from '@/components/confirm-dialog'
import { ProblemNotice } from '@/components/problem-notice'
import { TimeAgo } from '@/components/time-ago'
import { showProblem } from '@/hooks/use-deploy'
import { browserName, isHandheld } from '@/lib/browser-name'
import { Badge } from '@/ui/badge'
import { Button } from '@/ui/button'
import { Card, CardHeader } from '@/ui/card'
import { SkeletonRows } from '@/ui/skeleton'
import { toast } from '@/ui/toast'

type Session = Schemas['Session']

/** Every browser that is signed in, and the way to sign it out from here. */
export function SessionsCard() {
  const sessions = api.useQuery('get', '/api/v1/auth/sessions')
  const end = api.useMutation('delete', '/api/v1/auth/sessions/{id}')
  const endOthers = api.useMutation('delete', '/api/v1/auth/sessions')
  const [asking, setAsking] = useState(false)
  const refetch = () => sessions.refetch()
  const items = sessions.data?.items
  const ending = end.isPending ? end.variables.params.path.id : null
  const onEnd = (session: Session) =>
    end.mutate(
      { params: { path: { id: session.id } } },
      {
        onSuccess: () => {
          refetch()
          toast({ title: `${browserName(session.user_agent)} signed out` })
        },
        onError: showProblem,
      },
    )
  const onEndOthers = () =>
    endOthers.mutate(
      {},
      {
        onSuccess: () => {
          refetch()
          setAsking(false)
          toast({ title: 'Signed out all other sessions' })
        },
      },
    )
  return (
    <Card>
      <CardHeader
        title="Sessions"
        description="Devices signed in to your account. Sign out any you don't recognize."
        actions={
          items &&
          items.length > 1 && (
            <Button size="sm" onClick={() => setAsking(true)}>
              Sign out all others
            </Button>
          )
        }
      />
      {sessions.error ? (
        <div className="p-5">
          <ProblemNotice error={sessions.error} retry={refetch} />
        </div>
      ) : !items ? (
        <div className="p-5">
          <SkeletonRows count={2} className="h-10" />
        </div>
      ) : (
        <ul className="divide-y">
          {items.map((session) => (
            <Row
              key={session.id}
              session={session}
              pending={ending === session.id}
              onEnd={() => onEnd(session)}
            />
          ))}
        </ul>
      )}
      <ConfirmDialog
        open={asking}
        onOpenChange={setAsking}
        title="Sign out all other sessions?"
        action="Sign out all others"
        danger
        pending={endOthers.isPending}
        error={endOthers.error}
        onConfirm={onEndOthers}
      >
        Every other device has to sign in again. API tokens keep working.
      </ConfirmDialog>
    </Card>
  )
}

function Row({ session, pending, onEnd }: { session: Session; pending: boolean; onEnd: () => void }) {
  const Icon = isHandheld(session.user_agent) ? Smartphone : Laptop
  const name = browserName(session.user_agent)
  return (
    <li className="flex items-center gap-4 px-5 py-3.5 text-sm">
      <Icon aria-hidden className="size-4.5 shrink-0 text-ink-3" />
      <div className="min-w-0 flex-1">
        <p className="flex flex-wrap items-center gap-2">
          <span className="truncate font-medium" title={session.user_agent}>
            {name}
          </span>
          {session.current && <Badge tone="ok">This device</Badge>}
        </p>
        <p className="mt-0.5 flex flex-wrap gap-x-3 text-[13px] text-ink-3">
          <span>
            Last active <TimeAgo at={session.last_used_at} />
          </span>
          <span>
            Signed in <TimeAgo at={session.created_at} />
          </span>
        </p>
      </div>
      {!session.current && (
        <Button size="sm" loading={pending} aria-label={`Sign out ${name}`} onClick={onEnd}>
          Sign out
        </Button>
      )}
    </li>
  )
}
