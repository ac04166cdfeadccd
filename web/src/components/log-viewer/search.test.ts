import { expect, test } from 'vitest'
import { LogBuffer } from './log-buffer'
import { filterEntries, findMatches, highlight, searchPattern } from './search'

function buffer(...texts: string[]) {
  const log = new LogBuffer()
  texts.forEach((text, index) => {
    log.append(index + 1, { at: '2026-01-01T00:00:00Z', stream: 'stdout', text })
  })
  return log
}

const matched = (text: string, query: string) =>
  highlight(buffer(text).entries[0] as never, searchPattern(query))
    .filter((piece) => piece.match)
    .map((piece) => piece.text)

test('a match over a change of colour is marked in both spans', () => {
  expect(matched('\u001b[31mnpm er\u001b[32mror\u001b[0m here', 'error')).toEqual(['er', 'ror'])
})

test('adjacent matches are all marked', () => {
  expect(matched('aaaa', 'aa')).toEqual(['aa', 'aa'])
  expect(matched('xaab', 'a')).toEqual(['a', 'a'])
})

test('the pieces of a line always add up to its text', () => {
  const entry = buffer('\u001b[1mfoo\u001b[0m bar foo').entries[0]
  expect(
    highlight(entry as never, searchPattern('o'))
      .map((piece) => piece.text)
      .join(''),
  ).toBe('foo bar foo')
})

test('a query is text, not a pattern, and its capitals count', () => {
  const log = buffer('a.c', 'abc', 'ABC')
  expect(findMatches(log.entries, searchPattern('a.c'))).toEqual([0])
  expect(findMatches(log.entries, searchPattern('abc'))).toEqual([1, 2])
  expect(findMatches(log.entries, searchPattern('ABC'))).toEqual([2])
  expect(findMatches(log.entries, searchPattern(''))).toEqual([])
})

test('the problems filter finds errors and warnings, not words that contain them', () => {
  const log = buffer('0 errors', 'ERROR: boom', 'npm warn old', 'terror', 'Traceback (most recent call last)')
  expect(filterEntries(log.entries, 'problems').map((entry) => entry.number)).toEqual([2, 3, 5])
})

test('searching 100,000 lines takes less than a blink', () => {
  const log = buffer(
    ...Array.from({ length: 100_000 }, (_, i) => `\u001b[32m✓\u001b[0m built module number ${i}`),
  )
  const start = performance.now()
  expect(findMatches(log.entries, searchPattern('number 99999'))).toEqual([99_999])
  // 12 ms on the machine this was written on; the limit leaves room for a busy one.
  expect(performance.now() - start).toBeLessThan(400)
})

test('a line that arrives twice is kept once, whatever the connection does', () => {
  const log = buffer('one', 'two')
  log.append(2, { at: '2026-01-01T00:00:00Z', stream: 'stdout', text: 'two' })
  log.append(3, { at: '2026-01-01T00:00:00Z', stream: 'stdout', text: 'three' })
  expect(log.entries.map((entry) => entry.plain)).toEqual(['one', 'two', 'three'])
})

test('what a tool prints in red is a problem, whatever its words', () => {
  const log = buffer(
    '\u001b[31mCould not resolve "./redner.js"\u001b[39m',
    '\u001b[1;91mx\u001b[0m',
    '\u001b[32mfine\u001b[0m',
  )
  expect(filterEntries(log.entries, 'problems').map((entry) => entry.number)).toEqual([1, 2])
})
