// The timeline and the live log of one deployment. Loaded when it is visited: the log viewer is not part of the first page.

import { useCallback, useEffect, useRef, useState } from 'react'
import type { Schemas } from '@/api/client'
import { type Deployment, refreshProject } from '@/api/queries'
import { isActive } from '@/components/deployment-status'
import { LogViewer } from '@/components/log-viewer/log-viewer'
import { StreamState } from '@/components/log-viewer/stream-state'
import { useLogStream } from '@/components/log-viewer/use-log-stream'
import { ProblemNotice } from '@/components/problem-notice'
import { StepTimeline } from '@/components/step-timeline'

export default function DeploymentLog({ deployment }: { deployment: Deployment }) {
  const [jump, setJump] = useState<{ line: number } | null>(null)
  const isOver = useRef(!isActive(deployment.status))
  // The stream says when something changed, and everything that shows it is asked for again. What had ended before stays.
  const onEvent = useCallback(() => {
    if (!isOver.current) refreshProject()
  }, [])
  const stream = useLogStream(`/api/v1/deployments/${deployment.id}/logs`, 'build', onEvent)
  const active = isActive(deployment.status)
  const failed = deployment.steps.find((record) => record.outcome === 'failed')?.step
  const isComplete = stream.ended
  // Who opens a failed deployment wants to see the end of the step that failed, unless the address names a line.
  useEffect(() => {
    if (!failed || !isComplete || location.hash) return
    const last = stream.buffer.entries.findLast((line) => line.step === failed)
    if (last) setJump({ line: last.number })
  }, [failed, isComplete, stream.buffer])
  const onStep = (step: Schemas['Step']) => {
    const entry = stream.buffer.entries.find((line) => line.step === step)
    if (entry) setJump({ line: entry.number })
  }
  return (
    <>
      <StepTimeline steps={deployment.steps} ended={!active} onStep={onStep} />
      {stream.problem ? (
        <ProblemNotice error={stream.problem} />
      ) : (
        <div>
          <StreamState stream={stream} />
          <LogViewer
            buffer={stream.buffer}
            live={active}
            linkable
            fileName={`${deployment.project_slug}-${deployment.number}.log`}
            jumpTo={jump}
            className="h-[min(70dvh,44rem)] min-h-96"
            empty={
              deployment.status === 'QUEUED'
                ? 'Waiting for a worker. The log begins when one takes it.'
                : stream.ended
                  ? 'This deployment printed nothing.'
                  : 'Waiting for the first line…'
            }
          />
        </div>
      )}
    </>
  )
}
