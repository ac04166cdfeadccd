// A browser on a running Aether, with somebody signed in.
//
//   AETHER_URL          address of the dashboard, http://127.0.0.1:3000
//   AETHER_SETUP_TOKEN  of a fresh instance: the first test makes the owner's account with it
//   AETHER_EMAIL, AETHER_PASSWORD  of an account; for a fresh instance, of the one to make
//
// The tests bring a Git host of their own, on loopback, which a platform started by `aether up` may reach.
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import { launch } from '../scripts/browser.mjs'

export const URL_ = (process.env.AETHER_URL ?? 'http://127.0.0.1:3000').replace(/\/$/, '')
const EMAIL = process.env.AETHER_EMAIL ?? 'owner@example.com'
const PASSWORD = process.env.AETHER_PASSWORD ?? 'correct-horse-battery-staple'
const SETUP_TOKEN = process.env.AETHER_SETUP_TOKEN ?? ''
/** A build without dependencies takes seconds; the machine may be busy. */
export const BUILD_MS = 120_000

export async function openDashboard(options = {}) {
  const browser = await launch()
  const context = await browser.newContext({ viewport: { width: 1360, height: 900 }, ...options })
  const page = await context.newPage()
  page.setDefaultTimeout(20_000)
  const complaints = []
  page.on('pageerror', (error) => complaints.push(error.message))
  page.on('console', (message) => {
    const place = URL.parse(message.location().url)?.hostname
    const ours = !place?.includes('.aether.')
    const refused = message.text().includes('Content Security Policy')
    if (
      refused ||
      (ours && message.type() === 'error' && !message.text().startsWith('Failed to load resource'))
    ) {
      complaints.push(message.text())
    }
  })
  return { browser, context, page, complaints }
}

/** Ends on the list of projects, whether or not the instance has an owner yet. */
export async function enter(page, at = URL_) {
  const setup = await (await fetch(`${URL_}/api/v1/auth/setup`)).json()
  if (setup.needs_owner) {
    await page.goto(`${at}/setup#token=${encodeURIComponent(SETUP_TOKEN)}`)
    await page.getByLabel('Your name').fill('Ada Lovelace')
    await page.getByLabel('Email').fill(EMAIL)
    await page.getByLabel('Password').fill(PASSWORD)
    await page.getByRole('button', { name: 'Create owner account' }).click()
  } else {
    await page.goto(`${at}/login`)
    await page.getByLabel('Email').fill(EMAIL)
    await page.getByLabel('Password').fill(PASSWORD)
    await page.getByRole('button', { name: 'Sign in' }).click()
  }
  await page.getByRole('heading', { name: 'Projects' }).waitFor()
}

/** From the list of projects to the page of the first deployment; returns the project's slug. */
export async function createProject(page, repository, { name, env } = {}) {
  await page.goto(new URL('/new', page.url()).href)
  await page.getByLabel('Repository').fill(repository.url)
  await page.getByRole('button', { name: 'Import' }).click()
  await page.getByRole('heading', { name: 'Configure' }).waitFor({ timeout: BUILD_MS })
  if (name) await page.getByLabel('Project name').fill(name)
  if (env) {
    await page.getByText('Environment variables').click()
    await page.getByLabel('Paste a .env file').fill(env)
  }
  await page.getByRole('button', { name: 'Deploy', exact: true }).click()
  await page.waitForURL(/\/deployments\/dep_/)
  return new URL(page.url()).pathname.split('/')[2]
}

export async function waitForStatus(page, status) {
  await page
    .getByRole('heading', { name: /Deployment #/ })
    .getByText(status, { exact: true })
    .waitFor({ timeout: BUILD_MS })
}

/** What it takes a person: "12.3 s, 4 clicks" since it was asked for. Only real clicks count. */
export async function countEffort(page) {
  await page.addInitScript(() => {
    addEventListener('click', (event) => event.isTrusted && console.debug('clicked'), true)
  })
  const effort = { clicks: 0, start: Date.now() }
  page.on('console', (message) => {
    if (message.text() === 'clicked') effort.clicks += 1
  })
  return {
    clicks: () => effort.clicks,
    toString: () => `${((Date.now() - effort.start) / 1000).toFixed(1)} s, ${effort.clicks} clicks`,
  }
}

/** What the site shows, asked for as a visitor would. */
export async function visit(context, url) {
  const tab = await context.newPage()
  await tab.goto(url)
  const text = await tab.locator('body').innerText()
  await tab.close()
  return text.trim()
}

/** Tests that follow from one another: after the first failure, of which there is a picture, the rest is skipped. */
export function story(dashboard) {
  let broken = false
  return (name, run) =>
    test(name, async (t) => {
      if (broken) return t.skip('an earlier part failed')
      try {
        await run(t)
      } catch (error) {
        broken = true
        const picture = join(tmpdir(), `aether-e2e-${name.replace(/\W+/g, '-')}.png`)
        await dashboard()
          .page.screenshot({ path: picture })
          .catch(() => {})
        t.diagnostic(`${dashboard().page.url()} looks like ${picture}`)
        throw error
      }
    })
}

/** A name that no earlier run has taken. */
export function unique(name) {
  return `${name}-${Date.now().toString(36)}`
}
