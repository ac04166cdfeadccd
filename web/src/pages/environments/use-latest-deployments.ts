import { useMemo } from 'react'
import { type Deployment, useDeployments } from '@/api/queries'

/** The newest deployment of each environment, among the project's latest. */
export function useLatestDeployments(project: string): Map<string, Deployment> {
  const { data } = useDeployments(project)
  return useMemo(() => {
    const latest = new Map<string, Deployment>()
    for (const page of data?.pages ?? []) {
      for (const one of page.items) {
        if (!latest.has(one.environment)) latest.set(one.environment, one)
      }
    }
    return latest
  }, [data])
}
