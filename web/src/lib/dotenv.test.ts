import { expect, test } from 'vitest'
import { parseDotenv } from './dotenv'

const read = (text: string) =>
  Object.fromEntries(parseDotenv(text).entries.map(({ name, value }) => [name, value]))

test('plain, exported, empty and commented lines', () => {
  expect(read('# a\nA=1\nexport B = two words # note\nC=\n\n  D=x#y\r\nE=a=b')).toEqual({
    A: '1',
    B: 'two words',
    C: '',
    D: 'x#y',
    E: 'a=b',
  })
})

test('quotes keep spaces and comments, and only double ones know escapes', () => {
  expect(read(`A=" x # y " # z\nB='\\n $HOME'\nC="a\\nb\\"c\\d"`)).toEqual({
    A: ' x # y ',
    B: '\\n $HOME',
    C: 'a\nb"c\\d',
  })
})

test('a quoted value may go over several lines', () => {
  const key = '-----BEGIN KEY-----\nabc\n-----END KEY-----'
  expect(read(`KEY="${key}"\nNEXT=1`)).toEqual({ KEY: key, NEXT: '1' })
})

test('the last of two equal names counts', () => {
  expect(parseDotenv('A=1\nA=2').entries).toEqual([{ name: 'A', value: '2' }])
})

test('what cannot be read is named by its line and does not hide the rest', () => {
  expect(parseDotenv('A=1\nnot a variable\n2X=1\nB="open\nC=3')).toEqual({
    entries: [
      { name: 'A', value: '1' },
      { name: 'C', value: '3' },
    ],
    faults: [2, 3, 4],
  })
})
