// Where GitHub sends the browser with the code of a new App. The exchange is a call of this session's own, so a link that
// somebody else prepared leads nowhere.

import { Link, useNavigate } from '@tanstack/react-router'
import { useEffect, useRef } from 'react'
import { api } from '@/api/client'
import { ProblemNotice } from '@/components/problem-notice'
import { usePageTitle } from '@/hooks/use-page-title'
import { goTo } from '@/lib/go-to'
import { Button } from '@/ui/button'
import { PageHeader } from '@/ui/page-header'
import { SkeletonRows } from '@/ui/skeleton'
import { refreshGitHub } from './use-refresh-apps'

export function GitHubCallbackPage({ code, state }: { code: string; state: string }) {
  usePageTitle('GitHub')
  const navigate = useNavigate()
  const { mutate, error } = api.useMutation('post', '/api/v1/github/callback')
  const begun = useRef(false)
  useEffect(() => {
    // The code is good once, and effects may run twice.
    if (begun.current) return
    begun.current = true
    mutate(
      { body: { code, state } },
      {
        onSuccess: async (app) => {
          await refreshGitHub()
          // Neither the code nor the state stays in the history.
          await navigate({ to: '/github', replace: true })
          goTo(app.install_url)
        },
      },
    )
  }, [code, state, mutate, navigate])
  return (
    <div className="mx-auto max-w-3xl">
      <PageHeader title="Connecting GitHub" />
      {error ? (
        <ProblemNotice
          error={error}
          actions={
            <Button asChild size="sm">
              <Link to="/github">Back to GitHub</Link>
            </Button>
          }
        />
      ) : (
        <SkeletonRows count={2} className="h-24" />
      )}
    </div>
  )
}
