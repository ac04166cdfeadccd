// A person who has never seen it: from the one-time link to a live site without any Git host, every click counted.
import assert from 'node:assert/strict'
import { after, before } from 'node:test'
import { BUILD_MS, enter, openDashboard, story, visit, waitForStatus } from './dashboard.mjs'

const test = story(() => dashboard)
let dashboard
let slug

before(async () => {
  dashboard = await openDashboard()
})

after(() => dashboard.browser.close())

test('three clicks after the account there is a live site, without any Git host', async (t) => {
  const { page, context } = dashboard
  await page.addInitScript(() => {
    addEventListener('click', (event) => event.isTrusted && console.debug('clicked'), true)
  })
  let clicks = 0
  page.on('console', (message) => {
    if (message.text() === 'clicked') clicks += 1
  })
  const start = Date.now()
  const seconds = () => ((Date.now() - start) / 1000).toFixed(1)
  await enter(page)
  t.diagnostic(`${seconds()} s, ${clicks} clicks: the account is made`)
  const before = clicks
  // An instance that has projects already has no empty state to lead the way.
  await page.getByRole('link', { name: 'New project' }).filter({ visible: true }).first().click()
  await page.getByRole('button', { name: 'Deploy Static page' }).click()
  await page.waitForURL(/\/deployments\/dep_/)
  slug = new URL(page.url()).pathname.split('/')[2]
  t.diagnostic(`${seconds()} s, ${clicks} clicks: the log runs`)
  await waitForStatus(page, 'Ready')
  t.diagnostic(`${seconds()} s, ${clicks} clicks: the site is live`)
  assert.ok(clicks - before <= 3, `${clicks - before} clicks`)
  const address = await page.getByRole('link', { name: 'Visit' }).getAttribute('href')
  assert.match(await visit(context, address), /It is live/)
})

test('a template that builds goes live the same way', async () => {
  const { page, context } = dashboard
  await page.goto(new URL('/new', page.url()).href)
  await page.getByRole('button', { name: 'Deploy Vite + React' }).click()
  await page.waitForURL(/\/deployments\/dep_/)
  await page
    .getByRole('heading', { name: /Deployment #/ })
    .getByText('Ready', { exact: true })
    .waitFor({ timeout: 2 * BUILD_MS })
  const address = await page.getByRole('link', { name: 'Visit' }).getAttribute('href')
  assert.match(await visit(context, address), /Clicked 0 times/)
})

test('the project says where it comes from, and how a repository takes its place', async () => {
  const { page } = dashboard
  await page.goto(new URL(`/projects/${slug}/settings/git`, page.url()).href)
  await page.getByRole('link', { name: 'Connect one' }).click()
  await page.getByText('Made from the template static-page').waitFor()
})

test('no page broke the policy or threw', () => {
  assert.deepEqual(dashboard.complaints, [])
})
