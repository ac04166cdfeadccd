// The connection back to the Git host: a status on every commit, and one comment with the preview's address.

import { useState } from 'react'
import { useForm } from 'react-hook-form'
import { api, type Schemas } from '@/api/client'
import { asProblem, fieldError } from '@/api/problem'
import { ConfirmDialog } from '@/components/confirm-dialog'
import { ProblemNotice, sentence } from '@/components/problem-notice'
import { useRights } from '@/hooks/use-session'
import { useCurrentProject } from '@/pages/project/use-current-project'
import { Badge } from '@/ui/badge'
import { Button } from '@/ui/button'
import { Card, CardHeader } from '@/ui/card'
import { Fact, Facts } from '@/ui/definition'
import { Dialog, DialogActions } from '@/ui/dialog'
import { Field, Input } from '@/ui/field'
import { Notice } from '@/ui/notice'
import { Prose } from '@/ui/prose'
import { Select } from '@/ui/select'
import { Skeleton } from '@/ui/skeleton'
import { toast } from '@/ui/toast'
import { FORGES } from './forges'

export function ProviderCard() {
  const project = useCurrentProject()
  const { canWrite } = useRights()
  const params = { path: { project: project.slug } }
  const provider = api.useQuery('get', '/api/v1/projects/{project}/provider', { params })
  const [connecting, setConnecting] = useState(false)
  const [ending, setEnding] = useState(false)
  const isMissing = provider.error !== null && asProblem(provider.error).status === 404
  const connected = isMissing ? null : (provider.data ?? null)
  return (
    <Card>
      <CardHeader
        title="Commit statuses and comments"
        description="Posts a status on each deployed commit, and the preview URL as a comment on pull requests."
        actions={
          canWrite && (
            <div className="flex gap-2">
              {connected && (
                <Button size="sm" onClick={() => setEnding(true)}>
                  Disconnect
                </Button>
              )}
              {(connected || isMissing) && (
                <Button size="sm" onClick={() => setConnecting(true)}>
                  {connected ? 'Replace token' : 'Connect'}
                </Button>
              )}
            </div>
          )
        }
      />
      <div className="p-5 text-sm">
        {connected ? (
          <Connection provider={connected} />
        ) : isMissing ? (
          <p className="text-ink-2">
            Not connected. Add an access token that can write commit statuses and comments.
          </p>
        ) : provider.error ? (
          <ProblemNotice error={provider.error} retry={() => provider.refetch()} />
        ) : (
          <Skeleton className="h-10" />
        )}
      </div>
      <Dialog open={connecting} onOpenChange={setConnecting} title="Connect your Git host">
        <ConnectForm
          provider={connected}
          onClose={() => setConnecting(false)}
          onSaved={() => provider.refetch()}
        />
      </Dialog>
      <Disconnect open={ending} onClose={() => setEnding(false)} onDone={() => provider.refetch()} />
    </Card>
  )
}

function Connection({ provider }: { provider: Schemas['Provider'] }) {
  return (
    <div className="flex flex-col gap-4">
      <Facts>
        <Fact name="Host">
          <span className="flex flex-wrap items-center gap-2">
            {FORGES[provider.forge] ?? provider.forge}
            <Badge tone={provider.last_error ? 'bad' : 'ok'}>
              {provider.last_error ? 'Last update failed' : 'Connected'}
            </Badge>
          </span>
        </Fact>
        <Fact name="API URL">
          <code className="break-all font-mono text-[13px]">{provider.api_url}</code>
        </Fact>
        <Fact name="Token">Encrypted</Fact>
      </Facts>
      {provider.last_error && (
        <Notice tone="bad" title="The last status update failed">
          <Prose>{sentence(provider.last_error)}</Prose>
        </Notice>
      )}
    </div>
  )
}

function ConnectForm(props: {
  provider: Schemas['Provider'] | null
  onClose: () => void
  onSaved: () => void
}) {
  const project = useCurrentProject()
  const put = api.useMutation('put', '/api/v1/projects/{project}/provider')
  const form = useForm({
    defaultValues: {
      forge: props.provider?.forge ?? guessForge(project.repo_url ?? ''),
      api_url: props.provider?.api_url ?? '',
      token: '',
    },
  })
  const problem = put.error ? asProblem(put.error) : null
  const submit = form.handleSubmit(({ forge, api_url, token }) =>
    put.mutate(
      {
        params: { path: { project: project.slug } },
        body: { forge, token: token.trim(), api_url: api_url.trim() || null },
      },
      {
        onSuccess: () => {
          props.onSaved()
          props.onClose()
          toast({ title: 'Connected', detail: 'Starting with the next deployment.' })
        },
      },
    ),
  )
  return (
    <form onSubmit={submit} noValidate className="flex flex-col gap-4">
      <Field label="Git host" error={fieldError(problem, 'forge')}>
        <Select {...form.register('forge')}>
          {Object.entries(FORGES).map(([value, label]) => (
            <option key={value} value={value}>
              {label}
            </option>
          ))}
        </Select>
      </Field>
      <Field
        label="Access token"
        hint="Needs permission to write commit statuses and comments. Stored encrypted and never shown again."
        error={form.formState.errors.token?.message ?? fieldError(problem, 'token')}
      >
        <Input
          type="password"
          autoComplete="off"
          className="font-mono text-[13px]!"
          {...form.register('token', { required: 'Enter an access token.' })}
        />
      </Field>
      <Field
        label="API URL"
        hint="Leave empty to use the default for the repository's host."
        error={fieldError(problem, 'api_url')}
      >
        <Input
          spellCheck={false}
          autoComplete="off"
          placeholder="https://git.example.com/api/v1"
          {...form.register('api_url')}
        />
      </Field>
      {problem && problem.errors.length === 0 && <ProblemNotice error={problem} />}
      <DialogActions>
        <Button onClick={props.onClose}>Cancel</Button>
        <Button type="submit" variant="primary" loading={put.isPending}>
          Connect
        </Button>
      </DialogActions>
    </form>
  )
}

function Disconnect(props: { open: boolean; onClose: () => void; onDone: () => void }) {
  const project = useCurrentProject()
  const remove = api.useMutation('delete', '/api/v1/projects/{project}/provider')
  return (
    <ConfirmDialog
      open={props.open}
      onOpenChange={(open) => !open && props.onClose()}
      title="Disconnect your Git host?"
      action="Disconnect"
      danger
      pending={remove.isPending}
      error={remove.error}
      onConfirm={() =>
        remove.mutate(
          { params: { path: { project: project.slug } } },
          {
            onSuccess: () => {
              props.onDone()
              props.onClose()
              toast({ title: 'Disconnected', detail: 'The token was deleted.' })
            },
          },
        )
      }
    >
      Commits no longer get statuses and pull requests no longer get comments. The stored token is deleted.
    </ConfirmDialog>
  )
}

/** By the host's name; the usual ones have it in there. */
function guessForge(repoUrl: string): string {
  return Object.keys(FORGES).find((forge) => repoUrl.includes(forge)) ?? 'gitea'
}
