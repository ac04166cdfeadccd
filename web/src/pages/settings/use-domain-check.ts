// "Check now" for one domain: the API is asked for a look at its DNS, and answers with the time of that. A look that was
// under way may have missed what was changed since, so it is the next one that counts.

import { useEffect, useState } from 'react'
import { api } from '@/api/client'
import type { Domain } from '@/components/domain-status'
import { useCurrentProject } from '@/pages/project/use-current-project'

/** A look takes a second or two, and some more where name servers are slow. */
const PATIENCE_MS = 20_000

export type DomainCheck = {
  /** `late`: nothing was heard for so long that the page no longer claims to be waiting. */
  state: 'idle' | 'busy' | 'late' | 'done'
  error: unknown
  run: () => void
}

export function useDomainCheck(domain: Domain, onAsked: () => void): DomainCheck {
  const project = useCurrentProject()
  const ask = api.useMutation('post', '/api/v1/projects/{project}/domains/{hostname}/check')
  const [asked, setAsked] = useState<{ at: string | null; late: boolean } | null>(null)
  const answered = !!asked?.at && !!domain.checked_at && Date.parse(domain.checked_at) >= Date.parse(asked.at)
  const waiting = asked !== null && !answered && !asked.late
  useEffect(() => {
    if (!waiting) return
    const timer = setTimeout(() => setAsked((before) => before && { ...before, late: true }), PATIENCE_MS)
    return () => clearTimeout(timer)
  }, [waiting])
  const run = () => {
    setAsked({ at: null, late: false })
    ask.mutate(
      { params: { path: { project: project.slug, hostname: domain.hostname } } },
      {
        onSuccess: ({ next_check_at }) => {
          setAsked({ at: next_check_at, late: false })
          onAsked()
        },
        onError: () => setAsked(null),
      },
    )
  }
  const state = waiting ? 'busy' : answered ? 'done' : asked ? 'late' : 'idle'
  return { state, error: ask.error, run }
}
