import type { Schemas } from '@/api/client'
import { Prose } from '@/ui/prose'
import { sentence } from './problem-notice'

type Failure = Pick<NonNullable<Schemas['Deployment']['error']>, 'detail' | 'hint'>

/** Why a deployment failed: what happened as a sentence, the lines it printed as they were, and what to do. */
export function FailureDetail({ error }: { error: Failure }) {
  const [said = '', ...printed] = error.detail.split('\n')
  return (
    <>
      <p>
        <Prose>{printed.length > 0 ? said : sentence(said)}</Prose>
      </p>
      {printed.length > 0 && (
        <pre
          // biome-ignore lint/a11y/noNoninteractiveTabindex: a scrollable region must be reachable by keyboard.
          tabIndex={0}
          className="my-2 max-h-56 overflow-auto whitespace-pre-wrap rounded-md bg-canvas/70 px-3 py-2 font-mono text-[12.5px] text-ink leading-5 [overflow-wrap:anywhere]"
        >
          {printed.join('\n')}
        </pre>
      )}
      {error.hint && (
        <p className="mt-2 text-ink">
          <span className="font-medium">What to do: </span>
          <Prose>{sentence(error.hint)}</Prose>
        </p>
      )}
    </>
  )
}
