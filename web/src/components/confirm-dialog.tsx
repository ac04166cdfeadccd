import { type FormEvent, type ReactNode, useState } from 'react'
import { Button } from '@/ui/button'
import { Dialog, DialogActions } from '@/ui/dialog'
import { Field, Input } from '@/ui/field'
import { ProblemNotice } from './problem-notice'

type ConfirmDialogProps = {
  open: boolean
  onOpenChange: (open: boolean) => void
  title: string
  children: ReactNode
  action: string
  /** Label of the way back. */
  keep?: string
  danger?: boolean
  /** This name must be typed first. */
  typed?: string
  pending: boolean
  error: unknown
  onConfirm: () => void
}

export function ConfirmDialog(props: ConfirmDialogProps) {
  return (
    <Dialog open={props.open} onOpenChange={props.onOpenChange} title={props.title}>
      <ConfirmForm {...props} />
    </Dialog>
  )
}

function ConfirmForm(props: ConfirmDialogProps) {
  const [text, setText] = useState('')
  const allowed = props.typed === undefined || text.trim() === props.typed
  const submit = (event: FormEvent) => {
    event.preventDefault()
    if (allowed) props.onConfirm()
  }
  return (
    <form onSubmit={submit}>
      <div className="text-ink-2 text-sm">{props.children}</div>
      {props.typed !== undefined && (
        <Field
          className="mt-4"
          label={
            <>
              Type <span className="select-all font-mono text-bad">{props.typed}</span> to confirm
            </>
          }
        >
          <Input
            autoFocus
            autoComplete="off"
            spellCheck={false}
            value={text}
            onChange={(event) => setText(event.target.value)}
          />
        </Field>
      )}
      {props.error !== null && props.error !== undefined && (
        <ProblemNotice error={props.error} className="mt-4" />
      )}
      <DialogActions>
        <Button onClick={() => props.onOpenChange(false)}>{props.keep ?? 'Keep it'}</Button>
        <Button
          type="submit"
          variant={props.danger ? 'danger' : 'primary'}
          disabled={!allowed}
          loading={props.pending}
          autoFocus={props.typed === undefined}
        >
          {props.action}
        </Button>
      </DialogActions>
    </form>
  )
}
