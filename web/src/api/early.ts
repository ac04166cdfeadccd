// What `public/first.js` asked for while the app was still on its way.

declare global {
  interface Window {
    aetherEarly?: Record<string, Promise<Response>> | undefined
  }
}

/** What nobody took by then is old. */
const OLD_MS = 30_000

/** The answer that is under way for an address of the API, once; null when nobody asked. */
export function takeEarly(path: string): Promise<Response> | null {
  const answer = window.aetherEarly?.[path]
  if (!answer) return null
  delete window.aetherEarly?.[path]
  return performance.now() < OLD_MS ? answer : null
}

/** Lets all of it go: it was asked of another than who is to answer, or for somebody who has gone. */
export function forgetEarly(): void {
  window.aetherEarly = undefined
}
