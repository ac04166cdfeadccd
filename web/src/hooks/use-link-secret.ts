import { useRouter } from '@tanstack/react-router'
import { useEffect } from 'react'

/** Secrets that were taken out of the address; a page that is drawn anew still has its own. */
const taken = new Map<string, string>()

/**
 * A secret that a one-time link carries, `#token=…` (a fragment is sent to no server) or `?token=…`; empty without one.
 * It is taken out of the address bar, so that it does not stay in the history.
 */
export function useLinkSecret(name: string): string {
  const { history } = useRouter()
  const inAddress = find(location.hash, name) ?? find(location.search, name)
  if (inAddress) taken.set(name, inAddress)
  useEffect(() => {
    if (inAddress) history.replace(location.pathname)
  }, [inAddress, history])
  return taken.get(name) ?? ''
}

function find(part: string, name: string): string | null {
  return new URLSearchParams(part.slice(1)).get(name)
}
