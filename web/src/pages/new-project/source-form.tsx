import { Search } from 'lucide-react'
import { useForm } from 'react-hook-form'
import { Button } from '@/ui/button'
import { Card } from '@/ui/card'
import { Field, Input } from '@/ui/field'

type Values = { repoUrl: string }

export function SourceForm(props: {
  pending: boolean
  /** What stands below belongs to the address in the field. */
  done: boolean
  /** What the service has against the address. */
  refused: string | undefined
  onEdit: (repoUrl: string) => void
  onSubmit: (source: { repoUrl: string; branch: string }) => void
}) {
  const form = useForm<Values>()
  const submit = form.handleSubmit(({ repoUrl }) => props.onSubmit({ repoUrl: repoUrl.trim(), branch: '' }))
  return (
    <Card className="p-5">
      <form onSubmit={submit} noValidate>
        <Field
          label="Repository"
          hint="From any Git host this instance can reach. You see what would be built before anything is."
          error={form.formState.errors.repoUrl?.message ?? props.refused}
        >
          <Input
            type="text"
            inputMode="url"
            autoFocus
            autoComplete="off"
            spellCheck={false}
            placeholder="https://github.com/you/your-site"
            {...form.register('repoUrl', {
              required: 'Paste the address of a repository.',
              onChange: (event) => props.onEdit(event.target.value.trim()),
            })}
          />
        </Field>
        <Button
          type="submit"
          variant={props.done ? 'secondary' : 'primary'}
          className="mt-4 max-sm:w-full"
          loading={props.pending}
        >
          <Search className="size-4" />
          {props.done ? 'Check again' : 'Import'}
        </Button>
      </form>
    </Card>
  )
}
