import { expect, test } from 'vitest'
import { durationText, percent } from './traffic-words'

test('a time is a bound, and past the last one it is said so', () => {
  expect([5, 2500, null].map(durationText)).toEqual(['≤ 5 ms', '≤ 2.5 s', 'over 10 s'])
})

test('a share of errors is never rounded to nothing', () => {
  expect([percent(0, 9), percent(1, 100_000), percent(1, 250), percent(1, 100), percent(1, 3)]).toEqual([
    '0 %',
    'under 0.1 %',
    '0.4 %',
    '1 %',
    '33 %',
  ])
})
