/** Ends of names that no public DNS knows. */
const LOCAL_NAMES = /(^|\.)(localhost|local|internal|lan|home\.arpa)$/
/** This machine, private networks and link-local ones. */
const LOCAL_V4 = /^(0|10|127|169\.254|192\.168|172\.(1[6-9]|2\d|3[01]))\./
const LOCAL_V6 = /^\[(::1?|f[cd].*|fe[89ab].*)\]$/

/** Nobody on the internet can call this address. A name that only some network knows may still look public. */
export function isLocalAddress(url: string): boolean {
  const host = URL.parse(url)?.hostname
  if (!host) return false
  if (host.startsWith('[')) return LOCAL_V6.test(host)
  return LOCAL_V4.test(host) || LOCAL_NAMES.test(host) || !host.includes('.')
}
