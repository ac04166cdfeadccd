import type { ReactNode } from 'react'
import { asProblem, type Problem, sentence } from '@/api/problem'
import { Button } from '@/ui/button'
import { Notice } from '@/ui/notice'
import { Prose } from '@/ui/prose'

export { sentence } from '@/api/problem'

/** A failed request in words: what happened, what to do, and the number to find it by in the service's log. */
export function ProblemNotice(props: {
  error: unknown
  retry?: () => void
  actions?: ReactNode
  className?: string
}) {
  const problem = asProblem(props.error)
  return (
    <Notice
      alert
      tone="bad"
      title={problem.title}
      className={props.className ?? ''}
      actions={
        (props.retry || props.actions) && (
          <>
            {props.retry && (
              <Button size="sm" onClick={props.retry}>
                Try again
              </Button>
            )}
            {props.actions}
          </>
        )
      }
    >
      <ProblemText problem={problem} />
    </Notice>
  )
}

export function ProblemText({ problem }: { problem: Problem }) {
  return (
    <>
      <p>
        <Prose>{sentence(problem.detail)}</Prose>
      </p>
      {problem.errors.length > 1 && (
        <ul className="mt-1 list-disc pl-5">
          {problem.errors.map((error) => (
            <li key={error.field}>
              <code className="font-mono text-[13px]">{error.field}</code>: {error.message}
            </li>
          ))}
        </ul>
      )}
      {problem.hint && (
        <p className="mt-1 text-ink">
          <Prose>{sentence(problem.hint)}</Prose>
        </p>
      )}
      {problem.request_id && (
        <p className="mt-2 font-mono text-ink-3 text-xs">Request {problem.request_id}</p>
      )}
    </>
  )
}
