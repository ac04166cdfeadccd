/** The host (and port) of an address, as people name a site. */
export function hostOf(url: string): string {
  return URL.parse(url)?.host ?? url
}

/** "owner/name" of a repository's address, for any of its spellings. */
export function repositoryName(url: string): string {
  const path = URL.parse(url)?.pathname ?? url.split(':').at(-1) ?? url
  const parts = path
    .replace(/\/+$/, '')
    .replace(/\.git$/, '')
    .split('/')
    .filter(Boolean)
  return parts.slice(-2).join('/') || url
}

/** The page of a commit or of the repository itself, where the host's way of naming it is known. */
export function repositoryPage(url: string, sha?: string): string | null {
  const parsed = URL.parse(url)
  if (!parsed || !/^https?:$/.test(parsed.protocol)) return null
  const page = `${parsed.origin}${parsed.pathname.replace(/\.git$/, '').replace(/\/+$/, '')}`
  if (!sha) return page
  if (parsed.host.includes('gitlab')) return `${page}/-/commit/${sha}`
  if (parsed.host.includes('bitbucket')) return `${page}/commits/${sha}`
  return `${page}/commit/${sha}`
}

/** The page that shows what lies between two commits, where the host has one. */
export function comparisonPage(url: string, from: string, to: string): string | null {
  const page = repositoryPage(url)
  if (!page) return null
  const host = URL.parse(url)?.host ?? ''
  if (host.includes('gitlab')) return `${page}/-/compare/${from}...${to}`
  if (host.includes('bitbucket')) return `${page}/branches/compare/${to}..${from}`
  return `${page}/compare/${from}...${to}`
}
