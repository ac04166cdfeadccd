import { expect, test } from 'vitest'
import { browserName, isHandheld } from './browser-name'

const CHROME =
  'Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/139.0.0.0 Safari/537.36'
const EDGE =
  'Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/139.0 Safari/537.36 Edg/139.0'
const IPHONE =
  'Mozilla/5.0 (iPhone; CPU iPhone OS 18_5 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/18.5 Mobile/15E148 Safari/604.1'

test('browsers are called by the name their people know', () => {
  expect(browserName(CHROME)).toBe('Chrome on Linux')
  expect(browserName(EDGE)).toBe('Edge on Windows')
  expect(browserName(IPHONE)).toBe('Safari on iOS')
  expect(browserName('curl/8.5.0')).toBe('curl')
})

test('what cannot be read is shown as it is, cut', () => {
  expect(browserName('x'.repeat(300))).toHaveLength(40)
  expect(browserName('')).toBe('An unknown program')
})

test('a telephone is told from a desk', () => {
  expect([CHROME, IPHONE].map(isHandheld)).toEqual([false, true])
})
