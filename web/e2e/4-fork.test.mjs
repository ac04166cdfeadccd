// Somebody from outside opens a pull request: a webhook signed with the secret from the screen, one head approved by hand.
import assert from 'node:assert/strict'
import { createHmac, randomUUID } from 'node:crypto'
import { after, before } from 'node:test'
import {
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

const NUMBER = 7

const test = story(() => dashboard)
let dashboard
let git
let repository
let slug
let hook

before(async () => {
  dashboard = await openDashboard()
  git = await startGitServer()
  await enter(dashboard.page)
})

after(async () => {
  await dashboard.browser.close()
  await git.close()
})

test('the webhook of a project is copied from its settings', async () => {
  const { page } = dashboard
  repository = await git.repository('outside', site('of the team'))
  slug = await createProject(page, repository, { name: unique('outside'), env: 'GREETING=kept-from-forks' })
  await waitForStatus(page, 'Ready')
  await page.goto(`${URL_}/projects/${slug}/settings/git`)
  await page.getByRole('button', { name: 'Show the secret' }).click()
  const values = page.locator('section', { hasText: 'Add a webhook with these values' }).locator('code')
  hook = { url: await values.nth(0).innerText(), secret: await values.nth(1).innerText() }
})

test('a request from a fork waits, and its delivery says so', async () => {
  const { page } = dashboard
  const head = await repository.pullRequest(NUMBER, 'Change the words', site('of a stranger'))
  assert.equal(await deliver(request(head)), 'waiting')
  await page.getByText('Waiting for approval').waitFor({ timeout: 30_000 })
  await page.getByText('it comes from a fork, a member has to approve it').waitFor()
  await page.getByRole('link', { name: 'Environments' }).click()
  await page.getByText('is waiting for approval').waitFor()
  await page.getByText(head, { exact: true }).waitFor()
})

test('exactly the commit that was looked at is built, without the secrets of the project', async () => {
  const { page, context } = dashboard
  await page.getByRole('button', { name: /^Approve [0-9a-f]{7}$/ }).click()
  await page.getByRole('button', { name: 'Approve and build' }).click()
  await page.waitForURL(/\/deployments\/dep_/)
  await waitForStatus(page, 'Ready')
  await page.getByRole('link', { name: 'Environments' }).click()
  const address = await page.getByRole('link', { name: /-pr-7/ }).getAttribute('href')
  assert.equal(await visit(context, address), 'of a stranger')
  const production = await page.getByRole('link', { name: 'Visit', exact: true }).getAttribute('href')
  assert.equal(await visit(context, production), 'of the team kept-from-forks')
})

test('a declined commit is not built', async () => {
  const { page } = dashboard
  const head = await repository.pullRequest(NUMBER + 1, 'Ask again', site('of another stranger'))
  assert.equal(await deliver(request(head, NUMBER + 1)), 'waiting')
  await page.getByText('is waiting for approval').waitFor({ timeout: 30_000 })
  await page.getByRole('button', { name: 'Decline' }).click()
  await page.getByRole('dialog').getByRole('button', { name: 'Decline' }).click()
  await page.getByText('is waiting for approval').waitFor({ state: 'detached' })
  await page.goto(`${URL_}/projects/${slug}/deployments`)
  await page.getByText('#2', { exact: true }).waitFor()
  assert.equal(await page.getByText('#3', { exact: true }).count(), 0)
})

test('no page broke the policy or threw', () => {
  assert.deepEqual(dashboard.complaints, [])
})

async function deliver(payload) {
  const body = JSON.stringify(payload)
  const response = await fetch(hook.url, {
    method: 'POST',
    headers: {
      'content-type': 'application/json',
      'x-github-event': 'pull_request',
      'x-github-delivery': randomUUID(),
      'x-hub-signature-256': `sha256=${createHmac('sha256', hook.secret).update(body).digest('hex')}`,
    },
    body,
  })
  return (await response.json()).verdict
}

function request(head, number = NUMBER) {
  return {
    action: 'opened',
    number,
    pull_request: {
      number,
      title: 'Change the words',
      html_url: `https://git.example.com/octo/site/pull/${number}`,
      head: { ref: 'words', sha: head, repo: { id: 99 } },
      base: { ref: 'main', sha: head, repo: { id: 1 } },
    },
    repository: { id: 1, clone_url: repository.url, default_branch: 'main' },
  }
}
