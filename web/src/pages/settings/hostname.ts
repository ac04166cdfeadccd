// Domain names as people paste and read them.

/** The host of whatever was pasted, in the ASCII form that DNS has: "https://www.example.com/shop" is "www.example.com". */
export function hostnameFrom(text: string): string {
  const given = text.trim().toLowerCase()
  const url = URL.parse(/^[a-z][a-z\d+.-]*:\/\//.test(given) ? given : `https://${given}`)
  return (url?.hostname ?? given).replace(/\.$/, '')
}

/** The form for people of a name with `xn--` labels; null when it is the same. */
export function unicodeHostname(hostname: string): string | null {
  const labels = hostname
    .split('.')
    .map((label) => (label.startsWith('xn--') ? decode(label.slice(4)) : label))
  if (labels.includes(null)) return null
  const name = labels.join('.')
  // What does not lead back to the same name is no name.
  return name !== hostname && URL.parse(`https://${name}`)?.hostname === hostname ? name : null
}

const BASE = 36
const T_MIN = 1
const T_MAX = 26
const SKEW = 38
const DAMP = 700
const FIRST_BIAS = 72
const FIRST_CODE = 128
const LAST_CODE = 0x10_ff_ff

/** Punycode (RFC 3492, section 6.2); null when it is none. */
function decode(label: string): string | null {
  const end = label.lastIndexOf('-')
  const codes = [...label.slice(0, Math.max(0, end))].map((letter) => letter.codePointAt(0) ?? 0)
  let [code, bias, at] = [FIRST_CODE, FIRST_BIAS, 0]
  for (let next = end + 1; next < label.length; ) {
    const before = at
    for (let [weight, step] = [1, BASE]; ; step += BASE) {
      const digit = Number.parseInt(label[next++] ?? '', BASE)
      if (Number.isNaN(digit)) return null
      // Letters are 0 to 25, figures 26 to 35: the other way around than in a number.
      const value = digit < 10 ? digit + 26 : digit - 10
      at += value * weight
      const threshold = Math.min(T_MAX, Math.max(T_MIN, step - bias))
      if (value < threshold) break
      weight *= BASE - threshold
    }
    bias = adapt(at - before, codes.length + 1, before === 0)
    code += Math.floor(at / (codes.length + 1))
    if (code > LAST_CODE) return null
    at %= codes.length + 1
    codes.splice(at++, 0, code)
  }
  return String.fromCodePoint(...codes)
}

function adapt(distance: number, count: number, first: boolean): number {
  let left = Math.floor(distance / (first ? DAMP : 2))
  left += Math.floor(left / count)
  let steps = 0
  for (; left > ((BASE - T_MIN) * T_MAX) / 2; steps += BASE) left = Math.floor(left / (BASE - T_MIN))
  return steps + Math.floor(((BASE - T_MIN + 1) * left) / (left + SKEW))
}
