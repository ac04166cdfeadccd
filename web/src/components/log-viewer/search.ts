// Finding text in a log and cutting the coloured spans of a line where the matches are.

import { parseAnsi, type Span } from '@/lib/ansi'
import type { Entry } from './log-buffer'

export type StreamFilter = 'all' | 'output' | 'stderr' | 'system' | 'problems'

export type Piece = Span & { match: boolean }

const PROBLEM = /\b(error|err!|fatal|failed|failure|panic(ked)?|exception|traceback|warn(ing)?)\b/i

/** Printed in red, as tools do with what matters (ECMA-48, SGR 31 and 91). */
// biome-ignore lint/suspicious/noControlCharactersInRegex: escape sequences begin with one.
const RED = /\u001b\[(?:\d+;)*(?:31|91)(?:;\d+)*m/

const PASSES: Record<StreamFilter, (entry: Entry) => boolean> = {
  all: () => true,
  output: (entry) => entry.stream === 'stdout',
  stderr: (entry) => entry.stream === 'stderr',
  system: (entry) => entry.stream === 'system',
  problems: (entry) => PROBLEM.test(entry.plain) || RED.test(entry.text),
}

export function filterEntries(entries: readonly Entry[], filter: StreamFilter): readonly Entry[] {
  return filter === 'all' ? entries : entries.filter(PASSES[filter])
}

/** Null for an empty query. Case is ignored unless the query has capitals. */
export function searchPattern(query: string): RegExp | null {
  if (query === '') return null
  const literal = query.replace(/[.*+?^${}()|[\]\\]/g, '\\$&')
  return new RegExp(literal, query === query.toLowerCase() ? 'gi' : 'g')
}

/** Indices of the entries that have the text. */
export function findMatches(entries: readonly Entry[], pattern: RegExp | null): number[] {
  if (!pattern) return []
  const found: number[] = []
  for (let index = 0; index < entries.length; index += 1) {
    pattern.lastIndex = 0
    if (pattern.test(entries[index]?.plain ?? '')) found.push(index)
  }
  return found
}

export function highlight(entry: Entry, pattern: RegExp | null): Piece[] {
  const spans = parseAnsi(entry.text)
  if (!pattern) return spans.map((span) => ({ ...span, match: false }))
  const borders = matchBorders(entry.plain, pattern)
  const pieces: Piece[] = []
  let at = 0
  for (const span of spans) {
    const end = at + span.text.length
    const cuts = [at, ...borders.filter((border) => border > at && border < end), end]
    for (let i = 0; i + 1 < cuts.length; i += 1) {
      const [from, to] = [cuts[i] ?? at, cuts[i + 1] ?? end]
      if (from < to)
        pieces.push({ ...span, text: span.text.slice(from - at, to - at), match: isInside(borders, from) })
    }
    at = end
  }
  return pieces
}

/** Start and end of every match, one after another: even places start, odd ones end. */
function matchBorders(text: string, pattern: RegExp): number[] {
  pattern.lastIndex = 0
  return [...text.matchAll(pattern)].flatMap((match) => [match.index, match.index + match[0].length])
}

function isInside(borders: number[], position: number): boolean {
  let passed = 0
  for (const border of borders) if (border <= position) passed += 1
  return passed % 2 === 1
}
