/** A path of this dashboard to go on to; anything that leads elsewhere becomes the start page. */
export function localPath(next: string | undefined): string {
  if (!next) return '/'
  try {
    const url = new URL(next, location.origin)
    const isPage = url.origin === location.origin && !/^\/(login|setup|register)\b/.test(url.pathname)
    return isPage ? url.pathname + url.search + url.hash : '/'
  } catch {
    return '/'
  }
}
