import { Link } from '@tanstack/react-router'
import { ScrollText } from 'lucide-react'
import { LogViewer } from '@/components/log-viewer/log-viewer'
import { StreamState } from '@/components/log-viewer/stream-state'
import { useLogStream } from '@/components/log-viewer/use-log-stream'
import { ProblemNotice } from '@/components/problem-notice'
import { useCurrentProject } from '@/pages/project/use-current-project'
import { Button } from '@/ui/button'
import { EmptyState } from '@/ui/empty-state'

/** What the running app prints, newest at the end. */
export default function RuntimeLog() {
  const project = useCurrentProject()
  const stream = useLogStream(`/api/v1/projects/${project.slug}/logs`, 'runtime')
  if (stream.problem) return <ProblemNotice error={stream.problem} />
  if (project.live_deployment?.plan?.kind === 'static' && stream.buffer.entries.length === 0) {
    return (
      <EmptyState
        icon={ScrollText}
        title="A static site prints nothing while it is served"
        action={
          <Button asChild>
            <Link to="/projects/$project/deployments" params={{ project: project.slug }}>
              Build logs
            </Link>
          </Button>
        }
      >
        Runtime logs are for apps that keep running. What a build printed stands with its deployment.
      </EmptyState>
    )
  }
  return (
    <div>
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
