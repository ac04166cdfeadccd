import { expect, test } from 'vitest'
import { extendRange, formatRange, parseRange } from './line-range'

test('links to one line and to a range are read and written the same', () => {
  for (const text of ['L1', 'L12-L20']) {
    const range = parseRange(`#${text}`)
    expect(range && formatRange(range)).toBe(text)
  }
  expect(parseRange('#L20-L12')).toEqual({ from: 12, to: 20 })
})

test('other fragments are no ranges', () => {
  for (const hash of ['', '#', '#settings', '#L', '#L1-', '#Lx', '#L99999999999'])
    expect(parseRange(hash)).toBeNull()
})

test('shift extends from the start of the selection and a second click takes it away', () => {
  const one = extendRange(null, 5, false)
  expect(one).toEqual({ from: 5, to: 5 })
  expect(extendRange(one, 9, true)).toEqual({ from: 5, to: 9 })
  expect(extendRange(one, 2, true)).toEqual({ from: 2, to: 5 })
  expect(extendRange(one, 5, false)).toBeNull()
})
