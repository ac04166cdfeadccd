import { Search } from 'lucide-react'
import { useForm } from 'react-hook-form'
import { Button } from '@/ui/button'
import { Card } from '@/ui/card'
import { Field, Input } from '@/ui/field'

type Values = { repoUrl: string }

export function SourceForm(props: {
  pending: boolean
  done: boolean
  onSubmit: (source: { repoUrl: string; branch: string }) => void
}) {
  const form = useForm<Values>()
  const submit = form.handleSubmit(({ repoUrl }) => props.onSubmit({ repoUrl: repoUrl.trim(), branch: '' }))
  return (
    <Card className="p-5">
      <form onSubmit={submit} noValidate>
        <Field
          label="Repository"
          hint="From any Git host this instance may reach. Aether looks at it before anything is built."
          error={form.formState.errors.repoUrl?.message}
        >
          <Input
            type="url"
            inputMode="url"
            autoFocus
            autoComplete="off"
            spellCheck={false}
            placeholder="https://github.com/you/your-site"
            {...form.register('repoUrl', { required: 'Paste the address of a repository.' })}
          />
        </Field>
        <Button
          type="submit"
          variant={props.done ? 'secondary' : 'primary'}
          className="mt-4 max-sm:w-full"
          loading={props.pending}
        >
          <Search className="size-4" />
          {props.done ? 'Look again' : 'Look at it'}
        </Button>
      </form>
    </Card>
  )
}
