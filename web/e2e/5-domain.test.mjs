// A domain of one's own, from the form to a site that answers under it: the TXT record is read from the page, made in a DNS
// server that the platform asks, and found.
import assert from 'node:assert/strict'
import { request } from 'node:http'
import { after, before } from 'node:test'
import { createProject, enter, openDashboard, story, unique, waitForStatus } from './dashboard.mjs'
import { startDnsServer } from './dns-server.mjs'
import { startGitServer } from './git-server.mjs'
import { site } from './sites.mjs'

const HOST = 'www.example.com'

const test = story(() => dashboard)
let dashboard
let git
let dns
let slug
let siteUrl

before(async () => {
  dashboard = await openDashboard()
  git = await startGitServer()
  dns = await startDnsServer(Number(process.env.AETHER_DNS_PORT))
  await enter(dashboard.page)
})

after(async () => {
  await dashboard.browser.close()
  await git.close()
  await dns.close()
})

/** What the proxy answers for a host. */
function ask(host) {
  return new Promise((resolve, reject) => {
    const { hostname, port } = new URL(siteUrl)
    const lookup = (_name, options, found) =>
      options.all ? found(null, [{ address: '127.0.0.1', family: 4 }]) : found(null, '127.0.0.1', 4)
    request({ hostname, port, lookup, headers: { host } }, async (response) => {
      const text = (await response.setEncoding('utf8').toArray()).join('')
      resolve({ status: response.statusCode, text })
    })
      .on('error', reject)
      .end()
  })
}

test('a domain that is not verified does not answer', async () => {
  const { page } = dashboard
  slug = await createProject(page, await git.repository('own', site('under my own name')), {
    name: unique('own'),
  })
  await waitForStatus(page, 'Ready')
  siteUrl = await page.getByRole('link', { name: 'Visit', exact: true }).getAttribute('href')
  await page.goto(new URL(`/projects/${slug}/settings/domains`, page.url()).href)
  await page.getByLabel('Domain', { exact: true }).fill(HOST)
  await page.getByRole('button', { name: 'Add', exact: true }).click()
  await page.getByText('Waiting for DNS', { exact: true }).waitFor()
  await page.getByText("The TXT record isn't there yet", { exact: true }).waitFor()
  assert.equal((await ask(HOST)).status, 404)
})

test('its TXT record verifies it, and it answers although DNS does not lead to it', async () => {
  const { page } = dashboard
  const shown = async (part) => {
    const copy = page.getByRole('button', { name: `Copy the TXT record's ${part}` })
    return await copy.locator('xpath=preceding-sibling::code').innerText()
  }
  dns.add('TXT', await shown('name'), await shown('value'))
  await page.getByRole('button', { name: `Check now: ${HOST}` }).click()
  await page.getByText('Not pointing here', { exact: true }).waitFor()
  await page.getByText('The domain has no address yet', { exact: true }).waitFor()
  const answer = await ask(HOST)
  assert.equal(answer.status, 200)
  assert.match(answer.text, /under my own name/)
})

test('its address makes it active', async () => {
  const { page } = dashboard
  dns.add('A', HOST, '203.0.113.7')
  await page.getByRole('button', { name: `Check now: ${HOST}` }).click()
  await page.getByText(`${HOST} is live`, { exact: true }).waitFor()
  await page.getByText('Active', { exact: true }).waitFor()
})

test('a removed domain no longer answers', async () => {
  const { page } = dashboard
  await page.getByRole('button', { name: `Remove ${HOST}` }).click()
  await page.getByRole('dialog').getByRole('button', { name: 'Remove', exact: true }).click()
  await page.getByText('No custom domains').waitFor()
  assert.equal((await ask(HOST)).status, 404)
})
