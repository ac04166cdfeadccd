import { useEffect, useState } from 'react'

/** When the browser never rests, or cannot say so. */
const LATEST_MS = 2000
const UNTOLD_MS = 300

/** False until the browser has done what is urgent: for what may come after the page itself. */
export function useIdle(): boolean {
  const [idle, setIdle] = useState(false)
  useEffect(() => {
    const rest = () => setIdle(true)
    if (typeof requestIdleCallback === 'undefined') {
      const timer = setTimeout(rest, UNTOLD_MS)
      return () => clearTimeout(timer)
    }
    const handle = requestIdleCallback(rest, { timeout: LATEST_MS })
    return () => cancelIdleCallback(handle)
  }, [])
  return idle
}
