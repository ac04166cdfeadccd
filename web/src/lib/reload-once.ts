const KEY = 'aether-reloaded-at'
/** A second failure so soon after a reload is not healed by another one. */
const GUARD_MS = 15_000

/** Reloads the page, unless that was just tried. */
export function reloadOnce(): boolean {
  try {
    const last = Number(sessionStorage.getItem(KEY) ?? 0)
    if (Date.now() - last < GUARD_MS) return false
    sessionStorage.setItem(KEY, String(Date.now()))
  } catch {
    return false
  }
  location.reload()
  return true
}
