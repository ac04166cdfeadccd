import { expect, test } from 'vitest'
import { steps } from '@/mock-api/examples'
import { stepTimes } from './step-bar'

test('the time of a deployment is told by step', () => {
  expect(stepTimes(steps('2026-01-01T00:00:00Z'))).toBe(
    'clone 1.4 s, detect 120 ms, install 9.8 s, build 6.3 s, deploy 900 ms, route 40 ms',
  )
})

test('a skipped step and one that is under way have no time yet', () => {
  const all = steps('2026-01-01T00:00:00Z').slice(0, 3)
  const [clone, detect, install] = all
  if (!clone || !detect || !install) throw new Error('three steps')
  expect(
    stepTimes([clone, { ...detect, outcome: 'skipped' }, { ...install, finished_at: null, outcome: null }]),
  ).toBe('clone 1.4 s')
})
