import { KeyRound, Plus, Trash2 } from 'lucide-react'
import { useState } from 'react'
import { api, type Schemas } from '@/api/client'
import { ConfirmDialog } from '@/components/confirm-dialog'
import { ProblemNotice } from '@/components/problem-notice'
import { TimeAgo } from '@/components/time-ago'
import { Badge } from '@/ui/badge'
import { Button } from '@/ui/button'
import { Card, CardHeader } from '@/ui/card'
import { SkeletonRows } from '@/ui/skeleton'
import { toast } from '@/ui/toast'
import { Expiry } from './expiry'
import { TokenDialog } from './token-dialog'

type Token = Schemas['ApiToken']

export function TokensCard() {
  const tokens = api.useQuery('get', '/api/v1/tokens')
  const [creating, setCreating] = useState(false)
  const [deleting, setDeleting] = useState<Token | null>(null)
  const items = tokens.data?.items
  return (
    <Card>
      <CardHeader
        title="API tokens"
        description="For the CLI, scripts and CI. A token acts as you, limited to its permissions."
        actions={
          <Button size="sm" variant="primary" onClick={() => setCreating(true)}>
            <Plus className="size-4" /> New token
          </Button>
        }
      />
      {tokens.error ? (
        <div className="p-5">
          <ProblemNotice error={tokens.error} retry={() => tokens.refetch()} />
        </div>
      ) : !items ? (
        <div className="p-5">
          <SkeletonRows count={2} className="h-10" />
        </div>
      ) : items.length === 0 ? (
        <p className="flex items-center gap-3 p-5 text-ink-2 text-sm">
          <KeyRound aria-hidden className="size-4 text-ink-3" /> No API tokens yet.
        </p>
      ) : (
        <ul className="divide-y">
          {items.map((token) => (
            <Row key={token.id} token={token} onDelete={() => setDeleting(token)} />
          ))}
        </ul>
      )}
      <TokenDialog open={creating} onClose={() => setCreating(false)} onCreated={() => tokens.refetch()} />
      <DeleteToken token={deleting} onClose={() => setDeleting(null)} onDeleted={() => tokens.refetch()} />
    </Card>
  )
}

function Row({ token, onDelete }: { token: Token; onDelete: () => void }) {
  const expired =
    token.expires_at !== null && token.expires_at !== undefined && Date.parse(token.expires_at) < Date.now()
  return (
    <li className="flex items-center gap-4 px-5 py-3.5 text-sm">
      <div className="min-w-0 flex-1">
        <p className="flex flex-wrap items-center gap-2">
          <span className="truncate font-medium">{token.name}</span>
          <code className="font-mono text-[13px] text-ink-3">…{token.hint}</code>
          {token.scopes.map((scope) => (
            <Badge key={scope}>{scope}</Badge>
          ))}
          {expired && <Badge tone="bad">Expired</Badge>}
        </p>
        <p className="mt-0.5 flex flex-wrap gap-x-3 text-[13px] text-ink-3">
          <span>
            Created <TimeAgo at={token.created_at} />
          </span>
          <span>
            {token.last_used_at ? (
              <>
                Last used <TimeAgo at={token.last_used_at} />
              </>
            ) : (
              'Never used'
            )}
          </span>
          {!expired && <span>{token.expires_at ? <Expiry at={token.expires_at} /> : 'No expiration'}</span>}
        </p>
      </div>
      <Button variant="ghost" size="icon" aria-label={`Delete ${token.name}`} onClick={onDelete}>
        <Trash2 className="size-4" />
      </Button>
    </li>
  )
}

function DeleteToken(props: { token: Token | null; onClose: () => void; onDeleted: () => void }) {
  const remove = api.useMutation('delete', '/api/v1/tokens/{id}')
  const { token } = props
  return (
    <ConfirmDialog
      open={token !== null}
      onOpenChange={(open) => !open && props.onClose()}
      title={`Delete “${token?.name ?? ''}”?`}
      action="Delete"
      danger
      pending={remove.isPending}
      error={remove.error}
      onConfirm={() =>
        token &&
        remove.mutate(
          { params: { path: { id: token.id } } },
          {
            onSuccess: () => {
              props.onDeleted()
              props.onClose()
              toast({ title: 'Token deleted' })
            },
          },
        )
      }
    >
      Anything that uses this token stops working immediately.
    </ConfirmDialog>
  )
}
