import { expect, test } from 'vitest'
import { timeAgo } from './time'

const NOW = Date.parse('2026-01-01T00:00:00Z')
const inSeconds = (seconds: number) => timeAgo(new Date(NOW + 1000 * seconds).toISOString(), NOW)
const DAY = 86_400

test('what has passed is told in whole units', () => {
  expect(inSeconds(-20)).toBe('just now')
  expect(inSeconds(-119)).toBe('1 minute ago')
  expect(inSeconds(-6 * DAY)).toBe('6 days ago')
})

test('what lies ahead keeps its unit a moment after it was set', () => {
  expect(inSeconds(90 * DAY - 240)).toBe('in 3 months')
  expect(inSeconds(20 * DAY)).toBe('in 3 weeks')
  expect(inSeconds(DAY - 60)).toBe('tomorrow')
})
