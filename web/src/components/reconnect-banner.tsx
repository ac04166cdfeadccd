import { WifiOff } from 'lucide-react'
import { useEffect, useSyncExternalStore } from 'react'
import { client, queryClient } from '@/api/client'
import { isReachable, subscribeReachability } from '@/api/reachability'

const PROBE_MS = 3000

/** On top of every page while the service does not answer; asks again by itself and goes away by itself. */
export function ReconnectBanner() {
  const reachable = useSyncExternalStore(subscribeReachability, isReachable)
  useEffect(() => {
    if (reachable) return
    const probe = setInterval(() => {
      client
        .GET('/api/v1/auth/setup')
        .then(() => queryClient.invalidateQueries())
        .catch(() => {})
    }, PROBE_MS)
    return () => clearInterval(probe)
  }, [reachable])
  if (reachable) return null
  return (
    <p
      role="status"
      className="soft-warn flex items-center justify-center gap-2 px-4 py-1.5 text-center text-sm"
    >
      <WifiOff aria-hidden className="size-4" />
      Aether does not answer. Your sites go on being served; trying again…
    </p>
  )
}
