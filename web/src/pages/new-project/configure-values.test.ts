import { expect, test } from 'vitest'
import { plan } from '@/mock-api/examples'
import { initialValues, projectBody } from './configure-values'

const SOURCE = { repoUrl: 'https://git.test/a/shop', branch: '', candidateIndex: 0 }

test('an untouched form leaves every decision to detection', () => {
  const initial = initialValues(plan(), 'shop')
  expect(projectBody(initial, initial, plan(), SOURCE)).toEqual({ repo_url: SOURCE.repoUrl, name: 'shop' })
})

test('a changed command is fixed, an emptied one skips its step', () => {
  const initial = initialValues(plan(), 'shop')
  const values = { ...initial, build_command: ' npm run build:prod ', install_command: '' }
  expect(projectBody(values, initial, plan(), SOURCE)).toEqual({
    repo_url: SOURCE.repoUrl,
    name: 'shop',
    build_command: 'npm run build:prod',
    install_command: '',
  })
})

test('another candidate than the best one is written down', () => {
  const docs = plan({ root_dir: 'apps/docs', framework: 'astro' })
  const initial = initialValues(docs, 'docs')
  expect(projectBody(initial, initial, docs, { ...SOURCE, branch: 'next', candidateIndex: 1 })).toMatchObject(
    {
      branch: 'next',
      root_dir: 'apps/docs',
      kind: 'static',
      framework: 'astro',
    },
  )
})

test('a guess is taken only because somebody chose it', () => {
  const guess = plan({ confidence: 'low', framework: null })
  const initial = initialValues(guess, 'x')
  expect(projectBody(initial, initial, guess, SOURCE)).toMatchObject({
    kind: 'static',
    build_command: 'pnpm run build',
    output_directory: 'dist',
  })
})

test('commands for an unknown repository say what it is', () => {
  const initial = initialValues(undefined, 'x')
  const kind = (change: object) => projectBody({ ...initial, ...change }, initial, undefined, SOURCE).kind
  expect(kind({ start_command: './serve' })).toBe('server')
  expect(kind({ output_directory: 'public' })).toBe('static')
  expect(kind({})).toBeUndefined()
})
