// Whether the service answered lately; the banner on top of every page shows it.

let reachable = true
const listeners = new Set<() => void>()

export function isReachable(): boolean {
  return reachable
}

export function subscribeReachability(listener: () => void): () => void {
  listeners.add(listener)
  return () => listeners.delete(listener)
}

export function noteAnswer(): void {
  set(true)
}

export function noteSilence(): void {
  set(false)
}

function set(next: boolean): void {
  if (reachable === next) return
  reachable = next
  for (const listener of listeners) listener()
}
