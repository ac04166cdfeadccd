import { useForm } from 'react-hook-form'
import { api } from '@/api/client'
import { asProblem, fieldError } from '@/api/problem'
import { type Deployment, refreshProject } from '@/api/queries'
import { ProblemNotice } from '@/components/problem-notice'
import { Button } from '@/ui/button'
import { DialogActions } from '@/ui/dialog'
import { Field, Input } from '@/ui/field'

/** Deploys another branch, tag or commit: to production, or to a preview of its own. */
export function RefForm(props: {
  project: string
  preview: boolean
  onClose: () => void
  onDeployed: (deployment: Deployment) => void
}) {
  const deploy = api.useMutation('post', '/api/v1/projects/{project}/deployments')
  const form = useForm({ defaultValues: { ref: '' } })
  const problem = deploy.error ? asProblem(deploy.error) : null
  const submit = form.handleSubmit(({ ref }) =>
    deploy.mutate(
      {
        params: { path: { project: props.project } },
        body: { ref: ref.trim(), ...(props.preview && { preview: true }) },
      },
      {
        onSuccess: (deployment) => {
          refreshProject()
          props.onDeployed(deployment)
        },
      },
    ),
  )
  return (
    <form onSubmit={submit} noValidate>
      <Field
        label={props.preview ? 'Branch' : 'Branch, tag or commit'}
        error={form.formState.errors.ref?.message ?? fieldError(problem, 'ref')}
      >
        <Input
          autoFocus
          autoComplete="off"
          spellCheck={false}
          className="font-mono text-[13px]!"
          placeholder={props.preview ? 'feature/checkout' : 'v1.4.0'}
          {...form.register('ref', { required: 'Name one.' })}
        />
      </Field>
      {problem && problem.errors.length === 0 && <ProblemNotice error={problem} className="mt-4" />}
      <DialogActions>
        <Button onClick={props.onClose}>Cancel</Button>
        <Button type="submit" variant="primary" loading={deploy.isPending}>
          Deploy
        </Button>
      </DialogActions>
    </form>
  )
}
