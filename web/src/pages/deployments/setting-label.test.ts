import { expect, test } from 'vitest'
import { settingLabel } from './setting-label'

test('settings are called as on the pages where they are changed', () => {
  expect(settingLabel('build_command')).toBe('Build command')
  expect(settingLabel('app_limits.memory_mb')).toBe('Memory of the app, MiB')
  expect(settingLabel('runtime_version.node')).toBe('Version of node')
})

test('a setting that is not known here is still readable', () => {
  expect(settingLabel('watch_paths')).toBe('Watch paths')
})
