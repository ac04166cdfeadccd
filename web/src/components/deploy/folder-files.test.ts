import { expect, test } from 'vitest'
import { folderOf } from './folder-files'

function file(path: string, text = 'x'): File {
  const made = new File([text], path.split('/').at(-1) ?? '')
  Object.defineProperty(made, 'webkitRelativePath', { value: path })
  return made
}

test('what must never leave the computer stays there, and its names are said', () => {
  const folder = folderOf([
    file('site/index.html', 'hello'),
    file('site/.env'),
    file('site/.env.local'),
    file('site/.env.example'),
    file('site/.git/config'),
    file('site/apps/web/node_modules/x/index.js'),
    file('site/apps/web/page.js', 'ab'),
  ])
  expect(folder.name).toBe('site')
  expect(folder.files.map((one) => one.path)).toEqual(['index.html', '.env.example', 'apps/web/page.js'])
  expect(folder.bytes).toBe(8)
  expect(folder.leftOut).toEqual(['.env', '.env.local', '.git', 'node_modules'])
})
