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
      description="Variables with the same name get the new value; the others stay."
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
            title: `${variables.length} variables are saved`,
            detail: 'The next deployment gets them.',
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
      <label className="mt-3 flex items-center gap-2.5 text-sm">
        <input
          type="checkbox"
          className="size-4 accent-accent-strong"
          checked={secret}
          onChange={(event) => setSecret(event.target.checked)}
        />
        Secret: never shown again, and hidden in logs
      </label>
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
          {replaced > 0 && ` (${replaced} replaced)`}
        </Button>
      </DialogActions>
    </form>
  )
}
