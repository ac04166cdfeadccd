// The selected lines, kept in the address (`#L12-L20`) so that a link to them can be shared.

import { useCallback, useEffect, useRef, useState } from 'react'
import { extendRange, formatRange, type LineRange, parseRange } from './line-range'

export function useLineSelection(linkable: boolean, lineCount: number, show: (line: number) => void) {
  const [range, setRange] = useState<LineRange | null>(() => (linkable ? parseRange(location.hash) : null))
  // The address's line is shown once, as soon as it has arrived.
  const pending = useRef(range?.from ?? 0)

  useEffect(() => {
    if (pending.current === 0 || lineCount < pending.current) return
    show(pending.current)
    pending.current = 0
  }, [lineCount, show])

  const pick = useCallback(
    (line: number, shift: boolean) => {
      setRange((current) => {
        const next = extendRange(current, line, shift)
        if (linkable) replaceHash(next ? `#${formatRange(next)}` : '')
        return next
      })
    },
    [linkable],
  )
  return { range, pick }
}

/** Without a navigation: neither the scroll position nor the router shall react. */
function replaceHash(hash: string): void {
  history.replaceState(history.state, '', location.pathname + location.search + hash)
}
