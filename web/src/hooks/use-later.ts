import { useDeferredValue } from 'react'

/**
 * False in a component's first render and true in one right behind it, which React does in small pieces: what the first
 * look doesn't show must not keep the page from answering.
 */
export function useLater(): boolean {
  return useDeferredValue(true, false)
}
