import { Plus, Trash2 } from 'lucide-react'
import { useState } from 'react'
import { api } from '@/api/client'
import { ProblemNotice } from '@/components/problem-notice'
import { TimeAgo } from '@/components/time-ago'
import { showProblem } from '@/hooks/use-deploy'
import { Badge } from '@/ui/badge'
import { Button } from '@/ui/button'
import { Card, CardHeader } from '@/ui/card'
import { SkeletonRows } from '@/ui/skeleton'
import { Expiry } from './expiry'
import { InvitationDialog } from './invitation-dialog'

/** People invited to the team. */
export function InvitationsCard() {
  const invitations = api.useQuery('get', '/api/v1/invitations')
  const remove = api.useMutation('delete', '/api/v1/invitations/{id}')
  const [open, setOpen] = useState(false)
  const refetch = () => invitations.refetch()
  const items = invitations.data?.items
  return (
    <Card>
      <CardHeader
        title="Invitations"
        description="Each link creates one account for one email address and expires after a week."
        actions={
          <Button size="sm" onClick={() => setOpen(true)}>
            <Plus className="size-4" /> Invite
          </Button>
        }
      />
      {invitations.error ? (
        <div className="p-5">
          <ProblemNotice error={invitations.error} retry={refetch} />
        </div>
      ) : !items ? (
        <div className="p-5">
          <SkeletonRows count={1} className="h-10" />
        </div>
      ) : items.length === 0 ? (
        <p className="p-5 text-ink-2 text-sm">No invitations yet.</p>
      ) : (
        <ul className="divide-y">
          {items.map((invitation) => (
            <li key={invitation.id} className="flex flex-wrap items-center gap-x-3 gap-y-1 px-5 py-3 text-sm">
              <span className="min-w-0 flex-1 basis-40 truncate">{invitation.email}</span>
              <Badge>{invitation.role}</Badge>
              {invitation.accepted_at ? (
                <span className="text-ink-3">
                  Accepted <TimeAgo at={invitation.accepted_at} />
                </span>
              ) : (
                <span className="text-ink-3">
                  <Expiry at={invitation.expires_at} />
                </span>
              )}
              {!invitation.accepted_at && (
                <Button
                  variant="ghost"
                  size="icon"
                  aria-label={`Revoke the invitation for ${invitation.email}`}
                  onClick={() =>
                    remove.mutate(
                      { params: { path: { id: invitation.id } } },
                      { onSuccess: refetch, onError: showProblem },
                    )
                  }
                >
                  <Trash2 className="size-4" />
                </Button>
              )}
            </li>
          ))}
        </ul>
      )}
      <InvitationDialog open={open} onClose={() => setOpen(false)} onCreated={refetch} />
    </Card>
  )
}
