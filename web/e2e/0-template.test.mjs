// A person who has never seen it: from the one-time link to a live site without any Git host, every click counted.
import assert from 'node:assert/strict'
import { after, before } from 'node:test'
import { BUILD_MS, countEffort, enter, openDashboard, story, visit, waitForStatus } from './dashboard.mjs'

const test = story(() => dashboard)
let dashboard
let slug

before(async () => {
  dashboard = await openDashboard()
})

after(() => dashboard.browser.close())

test('three clicks after the account there is a live site, without any Git host', async (t) => {
  const { page, context } = dashboard
  const effort = await countEffort(page)
  await enter(page)
  t.diagnostic(`${effort}: the account is made`)
  const before = effort.clicks()
  // An instance that has projects already has no empty state to lead the way.
  await page.getByRole('link', { name: 'New project' }).filter({ visible: true }).first().click()
  await page.getByRole('button', { name: 'Deploy Static page' }).click()
  await page.waitForURL(/\/deployments\/dep_/)
  slug = new URL(page.url()).pathname.split('/')[2]
  t.diagnostic(`${effort}: the log runs`)
  await waitForStatus(page, 'Ready')
  t.diagnostic(`${effort}: the site is live`)
  assert.ok(effort.clicks() - before <= 3, `${effort}`)
  const address = await page.getByRole('link', { name: 'Visit', exact: true }).getAttribute('href')
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
  const address = await page.getByRole('link', { name: 'Visit', exact: true }).getAttribute('href')
  assert.match(await visit(context, address), /Clicked 0 times/)
})

test('the project says where it comes from, and how a repository takes its place', async () => {
  const { page } = dashboard
  await page.goto(new URL(`/projects/${slug}/settings/git`, page.url()).href)
  await page.getByRole('link', { name: 'Connect a repository' }).click()
  await page.getByText('Made from the template static-page').waitFor()
})

test('no page broke the policy or threw', () => {
  assert.deepEqual(dashboard.complaints, [])
})
