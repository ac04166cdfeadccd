import { useForm } from 'react-hook-form'
import { api } from '@/api/client'
import { asProblem, fieldError } from '@/api/problem'
import { sentence } from '@/components/problem-notice'
import { useCurrentProject } from '@/pages/project/use-current-project'
import { Button } from '@/ui/button'
import { Card, CardFooter, CardHeader } from '@/ui/card'
import { Field, Input } from '@/ui/field'
import { hostnameFrom } from './hostname'

export function AddDomain({ onAdded }: { onAdded: () => void }) {
  return (
    <Card>
      <CardHeader
        title="Add a domain"
        description="Use a domain you own. A TXT record at your DNS provider verifies it."
      />
      <AddForm onAdded={onAdded} />
      <CardFooter>
        <p className="text-[13px]">
          Aether doesn't obtain certificates: for HTTPS, cover the domain with the one in{' '}
          <code className="break-words font-mono text-[12.5px]">AETHER_PROXY_TLS_CERT</code>, or put a reverse
          proxy or CDN in front.
        </p>
      </CardFooter>
    </Card>
  )
}

function AddForm({ onAdded }: { onAdded: () => void }) {
  const project = useCurrentProject()
  const create = api.useMutation('post', '/api/v1/projects/{project}/domains')
  const form = useForm({ defaultValues: { hostname: '' } })
  const problem = create.error ? asProblem(create.error) : null
  const added = () => {
    form.reset()
    onAdded()
  }
  const submit = form.handleSubmit(({ hostname }) =>
    create.mutate(
      { params: { path: { project: project.slug } }, body: { hostname: hostnameFrom(hostname) } },
      { onSuccess: added },
    ),
  )
  const message =
    form.formState.errors.hostname?.message ??
    fieldError(problem, 'hostname') ??
    (problem && sentence(problem.detail))
  return (
    <form onSubmit={submit} noValidate className="p-5">
      <div className="flex items-end gap-2">
        <Field label="Domain" className="max-w-md flex-1">
          <Input
            placeholder="www.example.com"
            autoComplete="off"
            spellCheck={false}
            {...form.register('hostname', { required: 'Enter a domain, like www.example.com.' })}
          />
        </Field>
        <Button type="submit" variant="primary" loading={create.isPending}>
          Add
        </Button>
      </div>
      {message && (
        <p role="alert" className="mt-2 text-[13px] text-bad">
          {message}
        </p>
      )}
    </form>
  )
}
