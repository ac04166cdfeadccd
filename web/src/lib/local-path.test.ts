import { expect, test } from 'vitest'
import { localPath } from './local-path'

test('a path of the dashboard is kept with its query and fragment', () => {
  expect(localPath('/projects/shop/deployments?x=1#L3')).toBe('/projects/shop/deployments?x=1#L3')
})

test('addresses of other places, scripts and the sign-in itself lead to the start page', () => {
  for (const next of [
    undefined,
    '',
    'https://evil.test/',
    '//evil.test/x',
    '/\\evil.test',
    'javascript:alert(1)',
    '/login?next=/login',
    'http://[',
  ]) {
    expect(localPath(next), String(next)).toBe('/')
  }
})
