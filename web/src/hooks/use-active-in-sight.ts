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
    // Told where they are with the next frame: to ask at once would make the browser lay the page out in between.
    const observer = new IntersectionObserver(
      ([seen]) => {
        observer.disconnect()
        if (!seen?.rootBounds) return
        const [frame, link] = [seen.rootBounds, seen.boundingClientRect]
        row.current?.scrollBy({ left: link.left + link.width / 2 - (frame.left + frame.width / 2) })
      },
      { root: row.current },
    )
    observer.observe(active)
    return () => observer.disconnect()
  }, [place])
  return row
}
