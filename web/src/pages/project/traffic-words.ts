// Figures of traffic in words.

/** Bounds of the proxies' histogram: a time is known to lie below one of them, not exactly. */
export function durationText(atMostMs: number | null): string {
  if (atMostMs === null) return 'over 10 s'
  return atMostMs < 1000 ? `≤ ${atMostMs} ms` : `≤ ${atMostMs / 1000} s`
}

/** "0.4 %" of the whole; never "0 %" of something that happened. */
export function percent(part: number, whole: number): string {
  if (whole === 0 || part === 0) return '0 %'
  const share = (100 * part) / whole
  if (share < 0.1) return 'under 0.1 %'
  return `${share < 10 ? share.toFixed(1).replace(/\.0$/, '') : Math.round(share)} %`
}

const minute = new Intl.DateTimeFormat('en-GB', { hour: '2-digit', minute: '2-digit' })

/** "14:05", the reader's own time. */
export function minuteOf(at: string): string {
  return minute.format(new Date(at))
}
