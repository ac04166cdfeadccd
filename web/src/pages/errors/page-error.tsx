import type { ErrorComponentProps } from '@tanstack/react-router'
import { useRouter } from '@tanstack/react-router'
import { asProblem } from '@/api/problem'
import { ProblemNotice } from '@/components/problem-notice'
import { usePageTitle } from '@/hooks/use-page-title'
import { Button } from '@/ui/button'
import { Notice } from '@/ui/notice'

/** Shown in place of a page that could not be loaded or drawn. */
export function PageError({ error, reset }: ErrorComponentProps) {
  usePageTitle('Something went wrong')
  const router = useRouter()
  const again = () => {
    reset()
    router.invalidate()
  }
  return (
    <div className="mx-auto max-w-xl p-6 pt-24">
      {isFault(error) ? (
        <Notice
          alert
          tone="bad"
          title="This page broke"
          actions={
            <>
              <Button size="sm" onClick={() => location.reload()}>
                Reload
              </Button>
              <Button size="sm" variant="ghost" asChild>
                <a href="/">All projects</a>
              </Button>
            </>
          }
        >
          <p>A fault in the dashboard, not in your sites. Reloading usually helps.</p>
          <p className="mt-2 font-mono text-ink-3 text-xs">{error.message}</p>
        </Notice>
      ) : (
        <ProblemNotice error={error} retry={again} />
      )}
    </div>
  )
}

/** Ours, not an answer of the API. */
function isFault(error: unknown): error is Error {
  return error instanceof Error && asProblem(error).code === 'unexpected'
}
