// Every page over the real API: no violation of axe, none of the content security policy, dark and light.
import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { after, before } from 'node:test'
import { createProject, enter, openDashboard, story, URL_, unique, waitForStatus } from './dashboard.mjs'
import { startGitServer } from './git-server.mjs'
import { site } from './sites.mjs'

const AXE = readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8')
const PAGES = [
  ['', 'Current release'],
  ['/deployments', '#1'],
  ['/environments', 'No previews yet'],
  ['/logs', 'prints nothing'],
  ['/settings', 'Production branch'],
  ['/settings/build', 'Install command'],
  ['/settings/runtime', 'Build limits'],
  ['/settings/environment', 'environment variables'],
  ['/settings/domains', 'Add a domain'],
  ['/settings/git', 'Generate key'],
  ['/settings/previews', 'Remove after (days)'],
  ['/settings/storage', 'No volumes'],
  ['/settings/danger', 'Delete this project'],
]

const test = story(() => dashboard)
let dashboard
let git
let slug

before(async () => {
  dashboard = await openDashboard({ reducedMotion: 'reduce' })
  git = await startGitServer()
  await enter(dashboard.page)
})

after(async () => {
  await dashboard.browser.close()
  await git.close()
})

test('a project to look at', async () => {
  const { page } = dashboard
  slug = await createProject(page, await git.repository('look', site('look')), { name: unique('look') })
  await waitForStatus(page, 'Ready')
  await check('Deployment #1')
})

test('the pages of a project', async () => {
  for (const [path, ready] of PAGES) await visitPage(`/projects/${slug}${path}`, ready)
})

test('the pages of the instance', async () => {
  await visitPage('/', slug)
  await visitPage('/new', 'Import a Git repository')
  await visitPage('/github', 'Connect GitHub')
  await visitPage('/account', 'API tokens')
  await visitPage('/system', 'Live status')
  await visitPage('/projects/there-is-none', 'There is no such project')
})

test('what a page asks before its app has come is what the app needs', async () => {
  const { page } = dashboard
  const newest = page.locator(`a[href*="/projects/${slug}/deployments/dep_"]`).first()
  await page.goto(`${URL_}/projects/${slug}/deployments`)
  const deployment = await newest.getAttribute('href')
  for (const path of ['/', '/system', `/projects/${slug}`, `/projects/${slug}/deployments`, deployment]) {
    const asked = []
    const note = (request) => asked.push(`${request.method()} ${new URL(request.url()).pathname}`)
    page.on('request', note)
    await page.goto(URL_ + path)
    await page.waitForFunction(() => window.aetherEarly && Object.keys(window.aetherEarly).length === 0)
    page.off('request', note)
    const api = asked.filter((one) => one.includes(' /api/'))
    assert.ok(api.length >= 2, `${path} asked for ${api}`)
    assert.deepEqual(api, [...new Set(api)], `${path} asked twice`)
  }
})

test('no page broke the policy or threw', () => {
  assert.deepEqual(dashboard.complaints, [])
})

async function visitPage(path, ready) {
  await dashboard.page.goto(URL_ + path)
  await check(ready)
}

async function check(ready) {
  const { page } = dashboard
  await page.getByText(ready).filter({ visible: true }).first().waitFor()
  await page.evaluate(AXE)
  for (const colorScheme of ['dark', 'light']) {
    await page.emulateMedia({ colorScheme })
    await page.waitForFunction((theme) => document.documentElement.dataset.theme === theme, colorScheme)
    // The frames begin the transitions; a busy machine takes its time to end them.
    await page.evaluate(async () => {
      await new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done)))
      await Promise.allSettled(document.getAnimations().map((animation) => animation.finished))
    })
    const { violations } = await page.evaluate(() => window.axe.run(document, { iframes: false }))
    assert.deepEqual(
      violations.map((one) => `${page.url()} ${colorScheme} ${one.id} ${one.nodes[0].target}`),
      [],
    )
  }
}
