const KEY = 'aether-mono'

/** Fetches the type of code and logs for the next visit: `public/first.js` names it from then on, and no text moves. */
export async function keepMonoFont(): Promise<void> {
  try {
    if (localStorage.getItem(KEY)) return
    const faces = await document.fonts.load('1rem "Geist Mono"')
    if (faces.length > 0) localStorage.setItem(KEY, 'kept')
  } catch {
    // No storage, or no network: the system's own type will do.
  }
}
