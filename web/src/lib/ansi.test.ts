import { expect, test } from 'vitest'
import { parseAnsi, stripAnsi } from './ansi'

const ESC = '\u001b'

test('text without colours stays one plain span', () => {
  expect(parseAnsi('hello  world')).toEqual([{ text: 'hello  world', classes: '', colour: undefined }])
})

test('the sixteen colours become classes, which the theme gives their tint', () => {
  expect(parseAnsi(`${ESC}[31mred${ESC}[0m plain ${ESC}[1;92mbright${ESC}[m`)).toEqual([
    { text: 'red', classes: 'ansi-1', colour: undefined },
    { text: ' plain ', classes: '', colour: undefined },
    { text: 'bright', classes: 'ansi-10 font-semibold', colour: undefined },
  ])
})

test('256 and true colours become a colour value', () => {
  expect(parseAnsi(`${ESC}[38;5;196ma${ESC}[38;2;1;2;300mb`).map((span) => span.colour)).toEqual([
    'rgb(255 0 0)',
    'rgb(1 2 255)',
  ])
  expect(parseAnsi(`${ESC}[38;5;244mgrey`)[0]?.colour).toBe('rgb(128 128 128)')
})

test('a background colour does not eat the codes behind it', () => {
  expect(parseAnsi(`${ESC}[48;5;1;1mx`)[0]?.classes).toBe('font-semibold')
})

test('cursor movements, titles, links and control characters leave nothing behind', () => {
  const noisy = `${ESC}[2K${ESC}[1Ga${ESC}]0;title\u0007b${ESC}]8;;http://evil.test${ESC}\\c\u0000\u0007\u007f${ESC}`
  expect(stripAnsi(noisy)).toBe('abc')
  expect(
    parseAnsi(noisy)
      .map((span) => span.text)
      .join(''),
  ).toBe('abc')
})

test('input_101_markup_in_a_line_is_text', () => {
  const line = '<img src=x onerror=alert(1)><script>alert(1)</script>'
  expect(parseAnsi(line)[0]?.text).toBe(line)
})

test('malformed numbers never produce a class or colour of their own', () => {
  for (const bad of ['38;5;9999', '38;2;a;b;c', '38;5;-1', '999', '38', ';;;', '38;5']) {
    for (const span of parseAnsi(`${ESC}[${bad}mx`)) {
      expect(span.classes).toMatch(/^(ansi-\d{1,2})?$/)
      expect(span.colour ?? 'rgb(0 0 0)').toMatch(/^rgb\(\d+ \d+ \d+\)$/)
    }
  }
})
