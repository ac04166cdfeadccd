// Lighthouse over a running Aether, signed in, as a phone and as a desktop: the median of some runs, because each differs
// by what else the machine does. Fails below 95 in any of three categories.
//
//   npm install --no-save lighthouse
//   AETHER_URL=http://127.0.0.1:3000 AETHER_EMAIL=… AETHER_PASSWORD=… npm run lighthouse -- / /projects/my-site
import { mkdtempSync, rmSync } from 'node:fs'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import lighthouse, { desktopConfig } from 'lighthouse'
import { chromium } from 'playwright-core'

const CATEGORIES = ['performance', 'accessibility', 'best-practices']
const SCORE_MIN = 95
const RUNS = Number(process.env.RUNS ?? 5)
const base = (process.env.AETHER_URL ?? 'http://127.0.0.1:3000').replace(/\/$/, '')
const paths = process.argv.slice(2)

const profile = mkdtempSync(join(tmpdir(), 'aether-lighthouse-'))
const port = await freePort()
const context = await chromium.launchPersistentContext(profile, {
  executablePath: process.env.CHROMIUM ?? '/usr/bin/chromium',
  headless: true,
  args: [
    '--no-sandbox',
    '--disable-gpu',
    '--disable-background-networking',
    `--remote-debugging-port=${port}`,
  ],
})
let low = 0
try {
  for (const path of paths.length > 0 ? paths : ['/']) {
    await score(path, 'phone', undefined)
    await score(path, 'desktop', desktopConfig)
  }
} finally {
  await context.close()
  rmSync(profile, { recursive: true, force: true })
}
process.exit(low === 0 ? 0 : 1)

/**
 * For each run anew: a run that is cut off while it renews its session may lose the new cookie. What the browser keeps of a
 * visit goes too: Lighthouse empties the caches, so that a page that trusts them would ask for too much.
 */
async function signIn() {
  await context.clearCookies()
  const page = context.pages()[0] ?? (await context.newPage())
  await page.goto(`${base}/login`)
  await page.getByLabel('Email').fill(process.env.AETHER_EMAIL ?? '')
  await page.getByLabel('Password').fill(process.env.AETHER_PASSWORD ?? '')
  await page.getByRole('button', { name: 'Sign in' }).click()
  await page.getByRole('heading', { name: 'Projects' }).waitFor()
  await page.evaluate(() => localStorage.clear())
  await page.goto('about:blank')
}

async function score(path, device, config) {
  const runs = []
  while (runs.length < RUNS) runs.push(await run(path, config))
  const scores = CATEGORIES.map((id) => {
    const points = runs.map(({ categories }) => Math.round(categories[id].score * 100)).sort((a, b) => a - b)
    return { id, points, median: points[points.length >> 1] }
  })
  const shown = scores.map(({ id, points, median }) => `${id} ${median} (${points[0]} to ${points.at(-1)})`)
  console.log(`${path} ${device}: ${shown.join(', ')}`)
  low += scores.filter(({ median }) => median < SCORE_MIN).length
}

/** Lighthouse empties the caches before each run and leaves the cookies, so a run is a signed-in reader's first visit. */
async function run(path, config) {
  await signIn()
  const flags = { port, logLevel: 'error', onlyCategories: CATEGORIES }
  const { lhr } = await lighthouse(base + path, flags, config)
  if (lhr.runtimeError) throw new Error(`${path}: ${lhr.runtimeError.message}`)
  if (new URL(lhr.finalDisplayedUrl).pathname !== path)
    throw new Error(`${path} led to ${lhr.finalDisplayedUrl}`)
  return lhr
}

function freePort() {
  return new Promise((resolve) => {
    const server = createServer().listen(0, '127.0.0.1', () => {
      const { port: free } = server.address()
      server.close(() => resolve(free))
    })
  })
}
