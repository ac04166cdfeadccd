import { useRouterState } from '@tanstack/react-router'
import { type RefObject, useEffect, useRef } from 'react'

/** For a row of links that may be wider than a phone: scrolls it sideways until the link of this page is in sight. */
export function useActiveInSight(): RefObject<HTMLElement | null> {
  const row = useRef<HTMLElement>(null)
  const place = useRouterState({ select: (state) => state.location.pathname })
  // biome-ignore lint/correctness/useExhaustiveDependencies: another page has another link.
  useEffect(() => {
    const active = row.current?.querySelector('[aria-current="page"]')
    if (!row.current || !active) return
    const [frame, link] = [row.current.getBoundingClientRect(), active.getBoundingClientRect()]
    row.current.scrollLeft += link.left + link.width / 2 - (frame.left + frame.width / 2)
  }, [place])
  return row
}
