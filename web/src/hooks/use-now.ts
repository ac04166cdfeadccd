import { useSyncExternalStore } from 'react'

// One clock for all relative times of a page, so that they change together; it stands still when nobody looks.
const listeners = new Set<() => void>()
let now = Date.now()
let timer: ReturnType<typeof setInterval> | undefined

function tick(): void {
  now = Date.now()
  for (const listener of listeners) listener()
}

function subscribe(listener: () => void): () => void {
  if (listeners.size === 0) {
    now = Date.now()
    timer = setInterval(tick, 1000)
  }
  listeners.add(listener)
  return () => {
    listeners.delete(listener)
    if (listeners.size === 0) clearInterval(timer)
  }
}

/** The time, to the given number of milliseconds: a component renders again only when that changes. */
export function useNow(resolution = 1000): number {
  return useSyncExternalStore(subscribe, () => Math.floor(now / resolution) * resolution)
}
