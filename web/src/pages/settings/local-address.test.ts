import { expect, test } from 'vitest'
import { isLocalAddress } from './local-address'

test.each([
  'http://localhost:3000/api/v1/webhooks/prj_1',
  'http://127.0.0.1:3000',
  'http://10.1.2.3',
  'http://172.20.0.1',
  'http://192.168.1.5:3000',
  'http://[::1]:3000',
  'http://[fd00::1]',
  'http://nas:3000',
  'http://aether.local',
])('a Git host on the internet cannot call %s', (url) => {
  expect(isLocalAddress(url)).toBe(true)
})

test.each([
  'https://aether.example.com',
  'http://203.0.113.4:3000',
  'http://172.32.0.1',
  'https://[2001:db8::1]',
])('a Git host may call %s', (url) => {
  expect(isLocalAddress(url)).toBe(false)
})
