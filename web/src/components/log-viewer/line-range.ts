// `#L12` and `#L12-L20`: links to lines of a log.

export type LineRange = { from: number; to: number }

export function parseRange(hash: string): LineRange | null {
  const match = /^#?L(\d{1,9})(?:-L?(\d{1,9}))?$/.exec(hash)
  if (!match) return null
  const [a, b] = [Number(match[1]), Number(match[2] ?? match[1])]
  return { from: Math.min(a, b), to: Math.max(a, b) }
}

export function formatRange({ from, to }: LineRange): string {
  return from === to ? `L${from}` : `L${from}-L${to}`
}

/** What a click on a line number selects; with Shift the range from the selection's start. */
export function extendRange(current: LineRange | null, line: number, shift: boolean): LineRange | null {
  if (shift && current) return { from: Math.min(current.from, line), to: Math.max(current.from, line) }
  return current?.from === line && current.to === line ? null : { from: line, to: line }
}
