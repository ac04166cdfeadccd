// Times and durations in words.

const UNITS = [
  ['year', 31_536_000],
  ['month', 2_592_000],
  ['week', 604_800],
  ['day', 86_400],
  ['hour', 3600],
  ['minute', 60],
] as const

const relative = new Intl.RelativeTimeFormat('en', { numeric: 'auto', style: 'long' })
const exact = new Intl.DateTimeFormat(undefined, { dateStyle: 'medium', timeStyle: 'medium' })

/** What lies ahead is rounded, so that what expires in three months does not expire in two a moment later. */
const NEARLY = 0.97

/** "3 minutes ago"; under half a minute "just now". */
export function timeAgo(iso: string, now = Date.now()): string {
  const seconds = (Date.parse(iso) - now) / 1000
  for (const [unit, size] of UNITS) {
    if (seconds >= size * NEARLY) return relative.format(Math.round(seconds / size), unit)
    if (seconds <= -size) return relative.format(Math.trunc(seconds / size), unit)
  }
  return Math.abs(seconds) < 30 ? 'just now' : relative.format(Math.trunc(seconds), 'second')
}

export function exactTime(iso: string): string {
  return exact.format(new Date(iso))
}

/** "840 ms", "12.3 s", "2m 05s", "1h 02m". */
export function duration(ms: number): string {
  if (ms < 1000) return `${Math.round(ms)} ms`
  if (ms < 60_000) return `${(Math.floor(ms / 100) / 10).toFixed(1)} s`
  const seconds = Math.floor(ms / 1000)
  const two = (value: number) => String(value).padStart(2, '0')
  if (seconds < 3600) return `${Math.floor(seconds / 60)}m ${two(seconds % 60)}s`
  return `${Math.floor(seconds / 3600)}h ${two(Math.floor(seconds / 60) % 60)}m`
}

/** "14:03:09.120", the reader's own time. */
export function clockTime(iso: string): string {
  const date = new Date(iso)
  const two = (value: number) => String(value).padStart(2, '0')
  const ms = String(date.getMilliseconds()).padStart(3, '0')
  return `${two(date.getHours())}:${two(date.getMinutes())}:${two(date.getSeconds())}.${ms}`
}
