import { useEffect } from 'react'

/** Sets the tab's title, most particular part first. */
export function usePageTitle(...parts: (string | undefined)[]): void {
  const title = [...parts.filter(Boolean), 'Aether'].join(' · ')
  useEffect(() => {
    document.title = title
  }, [title])
}
