import { expect, test } from 'vitest'
import { hostnameFrom, unicodeHostname } from './hostname'

test.each([
  ['https://www.example.com/', 'www.example.com'],
  [' WWW.Example.com. ', 'www.example.com'],
  ['http://example.com:8080/shop?a=1#b', 'example.com'],
  ['example.com/path', 'example.com'],
  ['müller.example', 'xn--mller-kva.example'],
  ['', ''],
])('what was pasted as %j is the domain %j', (pasted, hostname) => {
  expect(hostnameFrom(pasted)).toBe(hostname)
})

test.each([
  'müller.example',
  'пример.испытание',
  '例え.テスト',
  'bücher.straßenbahn-zürich.example',
  'faß.de',
])('%s is read from its form in DNS', (name) => {
  expect(unicodeHostname(hostnameFrom(name))).toBe(name)
})

test('a name without another form, or with a broken one, has none for people', () => {
  expect(unicodeHostname('www.example.com')).toBeNull()
  expect(unicodeHostname('xn--.example')).toBeNull()
  expect(unicodeHostname('xn--0.example')).toBeNull()
  expect(unicodeHostname('xn--zzzzzzzzzz99999.example')).toBeNull()
})
