// Domain names as people paste and read them.

import { toUnicode } from 'punycode/punycode.es6.js'

/** The host of whatever was pasted, in the ASCII form that DNS has: "https://www.example.com/shop" is "www.example.com". */
export function hostnameFrom(text: string): string {
  const given = text.trim().toLowerCase()
  const url = URL.parse(/^[a-z][a-z\d+.-]*:\/\//.test(given) ? given : `https://${given}`)
  return (url?.hostname ?? given).replace(/\.$/, '')
}

/** The form for people of a name with `xn--` labels (Punycode, RFC 3492); null when it is the same, or none. */
export function unicodeHostname(hostname: string): string | null {
  try {
    const name = toUnicode(hostname)
    // What does not lead back to the same name is no name.
    return name !== hostname && URL.parse(`https://${name}`)?.hostname === hostname ? name : null
  } catch {
    return null
  }
}
