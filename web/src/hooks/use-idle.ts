import { useEffect, useState } from 'react'

/** When the browser never rests, or cannot say so. */
const LATEST_MS = 2000
const UNTOLD_MS = 300

/** False until the browser has done what is urgent, and at least for `after` milliseconds: for what may come later. */
export function useIdle(after = 0): boolean {
  const [idle, setIdle] = useState(false)
  useEffect(() => {
    let handle = 0
    const timer = setTimeout(
      () => {
        if (typeof requestIdleCallback === 'undefined') setIdle(true)
        else handle = requestIdleCallback(() => setIdle(true), { timeout: LATEST_MS })
      },
      typeof requestIdleCallback === 'undefined' ? Math.max(after, UNTOLD_MS) : after,
    )
    return () => {
      clearTimeout(timer)
      if (handle) cancelIdleCallback(handle)
    }
  }, [after])
  return idle
}
