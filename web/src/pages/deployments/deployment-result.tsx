import { ExternalLink } from 'lucide-react'
import type { Deployment } from '@/api/queries'
import { FailureDetail } from '@/components/failure-detail'
import { duration } from '@/lib/time'
import { useCurrentProject } from '@/pages/project/use-current-project'
import { Button } from '@/ui/button'
import { Notice } from '@/ui/notice'

/** How a deployment came out, in words: the address of a fresh one, the reason and the way on for a failed one. */
export function DeploymentResult({ deployment }: { deployment: Deployment }) {
  const project = useCurrentProject()
  if (deployment.status === 'FAILED') return <Failure deployment={deployment} />
  if (deployment.status === 'SUPERSEDED') {
    return (
      <Notice tone="idle" title="A newer commit of the same branch took its place">
        It was stopped before it was built, because its result would have been replaced at once.
      </Notice>
    )
  }
  if (deployment.status !== 'READY' || !deployment.live) return null
  const took = deployment.duration_ms ? ` after ${duration(deployment.duration_ms)}` : ''
  return (
    <Notice
      tone="ok"
      title={`Live${took}`}
      actions={
        <Button asChild size="sm">
          <a href={project.url} target="_blank" rel="noreferrer">
            {project.url.replace(/^https?:\/\//, '')} <ExternalLink className="size-4" />
          </a>
        </Button>
      }
    >
      Visitors get this release. Its own address stays with it for good:{' '}
      <a href={deployment.url} target="_blank" rel="noreferrer" className="link break-all">
        {deployment.url.replace(/^https?:\/\//, '')}
      </a>
    </Notice>
  )
}

function Failure({ deployment }: { deployment: Deployment }) {
  const error = deployment.error
  const step = deployment.steps.find((record) => record.outcome === 'failed')?.step
  return (
    <Notice tone="bad" alert title={error?.title ?? 'The deployment failed'}>
      {error && <FailureDetail error={error} />}
      <p className="mt-2 text-ink-3 text-xs">
        {step && `In the step “${step}”. `}
        {error && <code className="font-mono">{error.code}</code>}
      </p>
    </Notice>
  )
}
