// One click to a live site: a template needs no Git host, and everything about it is known.

import { useNavigate } from '@tanstack/react-router'
import { ArrowRight } from 'lucide-react'
import { api, type Schemas } from '@/api/client'
import { ProblemNotice } from '@/components/problem-notice'
import { showProblem } from '@/hooks/use-deploy'
import { Card } from '@/ui/card'
import { Skeleton } from '@/ui/skeleton'
import { TemplateMark } from './template-mark'
import { useCreateProject } from './use-create-project'

type Template = Schemas['Template']

export function TemplateGallery() {
  const templates = api.useQuery('get', '/api/v1/templates')
  const create = useCreateProject()
  const navigate = useNavigate()
  const chosen = create.isPending ? create.variables.project.template : undefined
  const deploy = (template: Template) =>
    create.mutate(
      { project: { template: template.name }, variables: [] },
      {
        onSuccess: ({ project, deployment }) =>
          deployment
            ? navigate({
                to: '/projects/$project/deployments/$deployment',
                params: { project: project.slug, deployment: deployment.id },
              })
            : navigate({ to: '/projects/$project', params: { project: project.slug } }),
        onError: showProblem,
      },
    )
  return (
    <section aria-labelledby="templates">
      <h2 id="templates" className="font-semibold text-[15px]">
        Or start from a template
      </h2>
      <p className="mt-0.5 mb-4 text-ink-2 text-sm">
        One click and it is live. You can connect your own repository later.
      </p>
      {templates.error ? (
        <ProblemNotice error={templates.error} retry={() => templates.refetch()} />
      ) : (
        <ul className="grid grid-cols-1 gap-3 sm:grid-cols-2 lg:grid-cols-3">
          {templates.data
            ? templates.data.items.map((template) => (
                <Choice
                  key={template.name}
                  template={template}
                  busy={chosen === template.name}
                  disabled={create.isPending || template.unavailable !== null}
                  onChoose={() => deploy(template)}
                />
              ))
            : ['a', 'b', 'c', 'd', 'e', 'f'].map((key) => (
                <li key={key}>
                  <Skeleton className="h-29 rounded-card!" />
                </li>
              ))}
        </ul>
      )}
    </section>
  )
}

function Choice(props: { template: Template; busy: boolean; disabled: boolean; onChoose: () => void }) {
  const { template } = props
  return (
    <li className="flex">
      <Card
        as="div"
        className="group relative flex w-full gap-3.5 p-4 transition-colors hover:border-line-strong has-disabled:hover:border-line"
      >
        <TemplateMark name={template.name} muted={template.unavailable !== null} />
        <div className="min-w-0 flex-1">
          <button
            type="button"
            disabled={props.disabled}
            aria-busy={props.busy}
            aria-label={`Deploy ${template.title}`}
            aria-describedby={`about-${template.name}`}
            onClick={props.onChoose}
            className="flex w-full items-center gap-2 rounded-card text-left font-medium text-sm after:absolute after:inset-0 after:rounded-card disabled:text-ink-2"
          >
            {template.title}
            <ArrowRight
              aria-hidden
              className="ml-auto size-4 text-ink-3 opacity-0 transition-opacity group-hover:opacity-100 group-has-disabled:opacity-0"
            />
          </button>
          <p id={`about-${template.name}`} className="mt-1 text-[13px] text-ink-2 leading-5">
            {props.busy ? 'Making the project…' : (template.unavailable ?? template.description)}
          </p>
        </div>
      </Card>
    </li>
  )
}
