import { expect, test } from 'vitest'
import { comparisonPage, hostOf, repositoryName, repositoryPage } from './address'

test('a repository is named by its owner and name however its address is written', () => {
  for (const url of [
    'https://github.com/acme/shop',
    'https://github.com/acme/shop.git',
    'git@github.com:acme/shop.git',
    'ssh://git@git.acme.test:2222/acme/shop/',
  ]) {
    expect(repositoryName(url)).toBe('acme/shop')
  }
})

test('neither a host nor its port is taken for an owner', () => {
  expect(repositoryName('http://127.0.0.1:41957/portfolio.git')).toBe('portfolio')
  expect(repositoryName('https://git.acme.test/shop')).toBe('shop')
})

test('only web addresses have a page to link to', () => {
  expect(repositoryPage('https://github.com/acme/shop.git')).toBe('https://github.com/acme/shop')
  expect(repositoryPage('https://gitlab.com/a/b.git', 'abc')).toBe('https://gitlab.com/a/b/-/commit/abc')
  expect(repositoryPage('git@github.com:acme/shop.git')).toBeNull()
  expect(repositoryPage('javascript:alert(1)')).toBeNull()
})

test('a user name and password never reach the link', () => {
  expect(repositoryPage('https://user:secret@git.test/a/b.git')).toBe('https://git.test/a/b')
})

test('a host keeps its port', () => {
  expect(hostOf('http://shop.aether.localhost:3005')).toBe('shop.aether.localhost:3005')
})

test('two commits are compared where their host does it', () => {
  expect(comparisonPage('https://github.com/a/b.git', '1', '2')).toBe('https://github.com/a/b/compare/1...2')
  expect(comparisonPage('https://gitlab.com/a/b', '1', '2')).toBe('https://gitlab.com/a/b/-/compare/1...2')
  expect(comparisonPage('git@example.com:a/b', '1', '2')).toBeNull()
})
