// From a fresh instance to a live site, counting what it takes a person; then the second release and the way back.
import assert from 'node:assert/strict'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before } from 'node:test'
import {
  BUILD_MS,
  countEffort,
  createProject,
  enter,
  openDashboard,
  story,
  URL_,
  unique,
  visit,
  waitForStatus,
} from './dashboard.mjs'
import { startGitServer } from './git-server.mjs'
import { site } from './sites.mjs'

const test = story(() => dashboard)
let dashboard
let git
let repository
let slug
let siteUrl

before(async () => {
  dashboard = await openDashboard()
  git = await startGitServer()
  repository = await git.repository('hello', site('version one'))
})

after(async () => {
  await dashboard.browser.close()
  await git.close()
})

test('a person gets from the first page to a live site', async (t) => {
  const { page, context } = dashboard
  const effort = await countEffort(page)
  await enter(page)
  slug = await createProject(page, repository, { name: unique('hello') })
  await waitForStatus(page, 'Ready')
  await page.getByText('version one').first().waitFor()
  const link = page.getByRole('link', { name: 'Visit', exact: true })
  siteUrl = await link.getAttribute('href')
  t.diagnostic(`${effort}: from signing in to a live site, by a repository's address`)
  assert.equal(await visit(context, siteUrl), 'version one')
})

test('the second deployment replaces the first one, and a rollback brings it back', async () => {
  const { page, context } = dashboard
  await repository.commit('Say something new', site('version two'))
  await page.getByRole('button', { name: 'Deploy', exact: true }).click()
  await page.getByRole('heading', { name: 'Deployment #2' }).waitFor()
  await waitForStatus(page, 'Ready')
  assert.equal(await visit(context, siteUrl), 'version two')

  await page.getByRole('link', { name: 'Deployments' }).click()
  await page.getByLabel('Actions for deployment #1').click()
  await page.getByRole('menuitem', { name: 'Roll back to this' }).click()
  await page.getByText('#1 is live').first().waitFor()
  assert.equal(await visit(context, siteUrl), 'version one')

  await page.getByRole('button', { name: 'Undo' }).click()
  await page.getByText('#2 is live').first().waitFor()
  assert.equal(await visit(context, siteUrl), 'version two')
})

test('a changed variable reaches the next deployment', async () => {
  const { page, context } = dashboard
  await page.goto(`${URL_}/projects/${slug}/settings/environment`)
  await page.getByRole('button', { name: 'Add', exact: true }).click()
  await page.getByLabel('Name', { exact: true }).fill('GREETING')
  await page.getByLabel('Value', { exact: true }).fill('with greetings')
  await page.getByLabel('Plain text').check()
  await page.getByRole('button', { name: 'Save' }).click()
  await page.getByText('with greetings').waitFor()
  assert.equal(await visit(context, siteUrl), 'version two', 'a running release keeps its variables')

  await page.getByRole('button', { name: 'Deploy', exact: true }).click()
  await page.getByRole('heading', { name: 'Deployment #3' }).waitFor()
  await waitForStatus(page, 'Ready')
  assert.equal(await visit(context, siteUrl), 'version two with greetings')
})

test('the overview counts the visitors that the proxy has seen', async () => {
  const { page, context } = dashboard
  const before = 4
  for (let visits = 0; visits < 3; visits += 1) await visit(context, siteUrl)
  await page.goto(`${URL_}/projects/${slug}`)
  await page.getByRole('slider', { name: 'Requests over time' }).waitFor({ timeout: 60_000 })
  const requests = page.locator('dt', { hasText: /^Requests$/ }).locator('xpath=following-sibling::dd[1]')
  const deadline = Date.now() + 60_000
  let counted = 0
  while (counted < before + 3 && Date.now() < deadline) {
    counted = Number((await requests.innerText()).replaceAll(',', ''))
    await page.waitForTimeout(500)
  }
  assert.ok(counted >= before + 3, `${counted} requests were counted`)
  const chart = page.getByRole('slider', { name: 'Requests over time' })
  assert.match(await chart.getAttribute('aria-valuetext'), /no error|no request/)
})

test('a branch is looked at on an address of its own, which can be taken away again', async () => {
  const { page, context } = dashboard
  await repository.branch('next')
  await repository.commit('Try something', site('version three'))
  await page.goto(`${URL_}/projects/${slug}/environments`)
  await page.getByRole('button', { name: 'Preview a branch' }).click()
  await page.getByRole('textbox', { name: 'Branch' }).fill('next')
  await page.getByRole('dialog').getByRole('button', { name: 'Deploy' }).click()
  await page.waitForURL(/\/deployments\/dep_/)
  await waitForStatus(page, 'Ready')
  await page.getByRole('link', { name: 'Environments' }).click()
  const row = page.getByRole('listitem').filter({ has: page.getByRole('button', { name: 'Remove next' }) })
  const address = await row.getByRole('link', { name: /-git-next/ }).getAttribute('href')
  assert.equal(await visit(context, address), 'version three with greetings')
  assert.equal(await visit(context, siteUrl), 'version two with greetings', 'production stays')
  await row.getByRole('button', { name: 'Remove next' }).click()
  await page.getByRole('button', { name: 'Remove', exact: true }).click()
  await page.getByText('No previews yet').waitFor()
})

test('a folder of this computer goes live without a commit, and its secrets stay here', async () => {
  const { page, context } = dashboard
  const folder = await mkdtemp(join(tmpdir(), 'aether-e2e-folder-'))
  for (const [name, text] of Object.entries(site('from a folder'))) await writeFile(join(folder, name), text)
  await writeFile(join(folder, '.env'), 'TOKEN=stays-here')
  await page.getByRole('button', { name: 'Deploy something else' }).click()
  await page.getByRole('menuitem', { name: 'A folder of this computer' }).click()
  await page.locator('input[type=file]').setInputFiles(folder)
  await page.getByText(/2 files, .* Left out: \.env\./).waitFor()
  await page.getByRole('dialog').getByRole('button', { name: 'Deploy' }).click()
  await page.waitForURL(/\/deployments\/dep_/)
  await waitForStatus(page, 'Ready')
  assert.equal(await visit(context, siteUrl), 'from a folder with greetings')
  await rm(folder, { recursive: true })
})

test('a saved setting can be taken back', async () => {
  const { page } = dashboard
  await page.goto(`${URL_}/projects/${slug}/settings/runtime`)
  const timeout = page.getByLabel('Build timeout (seconds)')
  const before = await timeout.inputValue()
  await timeout.fill('45')
  await page.getByRole('button', { name: 'Save' }).first().click()
  await page.getByText('Saved').first().waitFor()
  await page.getByRole('button', { name: 'Undo' }).click()
  await page.getByText('Undone').first().waitFor()
  await page.waitForFunction(
    (value) => document.querySelector('input[name=timeout]')?.value === value,
    before,
  )
})

test('a deleted project stops answering', async () => {
  const { page } = dashboard
  await page.goto(`${URL_}/projects/${slug}/settings/danger`)
  await page.getByRole('button', { name: 'Delete…' }).click()
  const button = page.getByRole('button', { name: 'Delete project' })
  assert.equal(await button.isDisabled(), true)
  await page.getByLabel(/to confirm/).fill(slug)
  await button.click()
  await page.getByRole('heading', { name: 'Projects' }).waitFor()
  const deadline = Date.now() + BUILD_MS
  let status = 200
  const visitor = await page.context().newPage()
  while (status !== 404 && Date.now() < deadline) status = (await visitor.goto(siteUrl)).status()
  await visitor.close()
  assert.equal(status, 404)
})

test('no page broke the policy or threw', () => {
  assert.deepEqual(dashboard.complaints, [])
})
