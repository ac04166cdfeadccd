import { type FormEvent, useState } from 'react'
import { api, type Schemas } from '@/api/client'
import { ProblemNotice } from '@/components/problem-notice'
import { parseDotenv } from '@/lib/dotenv'
import { EnvPreview } from '@/pages/new-project/env-preview'
import { useCurrentProject } from '@/pages/project/use-current-project'
import { Button } from '@/ui/button'
import { Dialog, DialogActions } from '@/ui/dialog'
import { Field, Textarea } from '@/ui/field'
import { toast } from '@/ui/toast'
import { SecretChoice } from './secret-choice'
import { useRedeploy } from './use-redeploy'

type PasteProps = {
  onClose: () => void
  onSaved: () => void
  existing: Schemas['EnvVar'][]
}

/** Adds many variables at once; those that are not in the file stay. */
export function EnvPasteDialog({ open, ...rest }: PasteProps & { open: boolean }) {
  return (
    <Dialog
      open={open}
      onOpenChange={(next) => !next && rest.onClose()}
      title="Paste a .env file"
      description="Existing variables with the same name are overwritten; all others are kept."
      place="wide"
    >
      <PasteForm {...rest} />
    </Dialog>
  )
}

function PasteForm({ onClose, onSaved, existing }: PasteProps) {
  const project = useCurrentProject()
  const [text, setText] = useState('')
  const [secret, setSecret] = useState(true)
  const redeploy = useRedeploy()
  const replace = api.useMutation('put', '/api/v1/projects/{project}/env')
  const file = parseDotenv(text)
  const known = new Set(existing.map((variable) => variable.name))
  const replaced = file.entries.filter((entry) => known.has(entry.name)).length
  const submit = (event: FormEvent) => {
    event.preventDefault()
    const variables = file.entries.map((entry) => ({ ...entry, secret }))
    replace.mutate(
      { params: { path: { project: project.slug } }, body: { variables, keep_others: true } },
      {
        onSuccess: () => {
          onSaved()
          onClose()
          toast({
            title: variables.length === 1 ? '1 variable saved' : `${variables.length} variables saved`,
            detail: 'Takes effect on the next deployment.',
            ...redeploy,
          })
        },
      },
    )
  }
  return (
    <form onSubmit={submit}>
      <Field label="Contents">
        <Textarea
          rows={10}
          autoFocus
          spellCheck={false}
          autoComplete="off"
          className="font-mono text-[13px]!"
          placeholder={'DATABASE_URL=postgres://…\nAPI_KEY=…'}
          value={text}
          onChange={(event) => setText(event.target.value)}
        />
      </Field>
      <EnvPreview file={file} />
      <div className="mt-4">
        <SecretChoice secret={secret} onChange={setSecret} />
      </div>
      {replace.error && <ProblemNotice error={replace.error} className="mt-4" />}
      <DialogActions>
        <Button onClick={onClose}>Cancel</Button>
        <Button
          type="submit"
          variant="primary"
          disabled={file.entries.length === 0}
          loading={replace.isPending}
        >
          Save {file.entries.length || ''}
          {replaced > 0 && ` (${replaced} overwritten)`}
        </Button>
      </DialogActions>
    </form>
  )
}
