import { Link } from '@tanstack/react-router'
import { LogViewer } from '@/components/log-viewer/log-viewer'
import { StreamState } from '@/components/log-viewer/stream-state'
import { useLogStream } from '@/components/log-viewer/use-log-stream'
import { ProblemNotice } from '@/components/problem-notice'
import { useCurrentProject } from '@/pages/project/use-current-project'
import { Notice } from '@/ui/notice'

/** What the running app prints, newest at the end. */
export default function RuntimeLog() {
  const project = useCurrentProject()
  const stream = useLogStream(`/api/v1/projects/${project.slug}/logs`, 'runtime')
  if (stream.problem) return <ProblemNotice error={stream.problem} />
  const kind = project.live_deployment?.plan?.kind
  return (
    <div>
      {kind === 'static' && (
        <Notice tone="info" title="A static site prints nothing while it is served" className="mb-4">
          This page is for apps that keep running. What the build printed stands with each{' '}
          <Link to="/projects/$project/deployments" params={{ project: project.slug }} className="link">
            deployment
          </Link>
          .
        </Notice>
      )}
      <StreamState stream={stream} />
      <LogViewer
        buffer={stream.buffer}
        live
        fileName={`${project.slug}.log`}
        className="h-[min(75dvh,52rem)] min-h-96"
        empty={
          project.live_deployment
            ? 'No line yet. New ones appear here as the app prints them.'
            : 'Nothing is running. Lines appear here once a deployment is live.'
        }
      />
    </div>
  )
}
