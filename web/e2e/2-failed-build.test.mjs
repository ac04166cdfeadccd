// A build that fails says why, and what to do; the log of a running one survives a lost connection.
import assert from 'node:assert/strict'
import { readFile } from 'node:fs/promises'
import { after, before } from 'node:test'
import {
  countEffort,
  createProject,
  enter,
  openDashboard,
  story,
  URL_,
  unique,
  waitForStatus,
} from './dashboard.mjs'
import { startGitServer } from './git-server.mjs'
import { startRelay } from './relay.mjs'
import { brokenSite, slowSite } from './sites.mjs'

const LINES = 200

const test = story(() => dashboard)
let dashboard
let git
let relay

before(async () => {
  dashboard = await openDashboard()
  git = await startGitServer()
  relay = await startRelay(URL_)
  await enter(dashboard.page, relay.url)
})

after(async () => {
  await dashboard.browser.close()
  await git.close()
  await relay.close()
})

test('a failed build names the step, the reason and the way on', async (t) => {
  const { page } = dashboard
  const effort = await countEffort(page)
  const repository = await git.repository('broken', brokenSite())
  await createProject(page, repository, { name: unique('broken') })
  await waitForStatus(page, 'Failed')
  const alert = page.getByRole('alert')
  await alert.getByText('What to do:').waitFor()
  assert.match(await alert.innerText(), /In the step “build”/)
  assert.match(await alert.innerText(), /\b3\b/, 'the exit code')
  await page.getByText('cannot find ./prices').first().waitFor()
  t.diagnostic(`${effort}: from the list of projects to the reason`)
})

test('a running deployment can be cancelled', async () => {
  const { page } = dashboard
  const repository = await git.repository('endless', slowSite(5000))
  await createProject(page, repository, { name: unique('endless') })
  await page.getByText('tick 3', { exact: true }).waitFor({ timeout: 60_000 })
  await page.getByRole('button', { name: 'Cancel' }).click()
  await waitForStatus(page, 'Cancelled')
})

test('a log over a lost connection has every line once', async () => {
  const { page } = dashboard
  const repository = await git.repository('slow', slowSite(LINES))
  await createProject(page, repository, { name: unique('slow') })
  await page.getByText('tick 20', { exact: true }).waitFor({ timeout: 60_000 })
  relay.cut()
  await page.getByText('The connection was lost').waitFor({ timeout: 60_000 })
  relay.restore()
  await waitForStatus(page, 'Ready')
  await page.getByText('The connection was lost').waitFor({ state: 'detached' })

  const download = page.waitForEvent('download')
  await page.getByRole('button', { name: 'Download' }).click()
  const text = await readFile(await (await download).path(), 'utf8')
  const ticks = [...text.matchAll(/^tick (\d+)$/gm)].map((match) => Number(match[1]))
  assert.deepEqual(
    ticks,
    Array.from({ length: LINES }, (_, index) => index + 1),
  )
})

test('no page broke the policy or threw', () => {
  assert.deepEqual(dashboard.complaints, [])
})
