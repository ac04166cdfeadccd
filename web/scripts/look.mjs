// Looks at every page of the dashboard over the mock backend, served with the API's content security policy:
// a screenshot on desktop and phone, dark and light, and axe on each. Fails on any violation and on any message in the console.
//
//   npm run look                    every page, into web/node_modules/.cache/look
//   npm run look -- overview phone  only these pages, sizes or themes
//   npm run look -- --whole         the whole page instead of what is in sight
//   npm run look -- --keep          also refreshes docs/screenshots
import { mkdirSync, readFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { build, preview } from 'vite'
import { launch } from './browser.mjs'
import { PAGES } from './pages.mjs'

const OUT = new URL('../node_modules/.cache/look/', import.meta.url).pathname
const KEPT = new URL('../../docs/screenshots/', import.meta.url).pathname
const AXE = readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8')
const SIZES = { desktop: { width: 1360, height: 860 }, phone: { width: 390, height: 844 } }
const SETTLE_MS = 400
const ATTEMPTS = 3
const SITE = `<!doctype html><title>Shop</title><body style="margin:0;font:400 28px/1.5 system-ui;background:#fdf6ec;color:#2b2118">
<div style="padding:140px 120px"><p style="letter-spacing:.2em;font-size:20px">ACME COFFEE</p>
<h1 style="font-size:92px;line-height:1.05;margin:20px 0 28px">Roasted on Tuesday,<br>at your door on Friday.</h1>
<p style="max-width:760px">Six single origins, in whole beans or ground for the way you brew.</p></div>`
const THEMES = ['dark', 'light']

const words = process.argv.slice(2).filter((word) => !word.startsWith('--'))
const names = words.filter((word) => !(word in SIZES) && !THEMES.includes(word))
const keep = process.argv.includes('--keep')
const fullPage = process.argv.includes('--whole')
const pages = names.length > 0 ? PAGES.filter((page) => names.includes(page.name)) : PAGES

mkdirSync(OUT, { recursive: true })
mkdirSync(KEPT, { recursive: true })
if (!process.argv.includes('--built')) await build({ mode: 'mock', logLevel: 'warn' })
const server = await preview({ mode: 'mock', preview: { port: 0, host: '127.0.0.1' }, logLevel: 'warn' })
const base = server.resolvedUrls.local[0].replace(/\/$/, '')
const browser = await launch()
let faults = 0

const chosen = (all) =>
  all.some((one) => words.includes(one)) ? all.filter((one) => words.includes(one)) : all
for (const size of chosen(Object.keys(SIZES))) {
  for (const theme of chosen(THEMES)) {
    for (const page of pages) await lookSteadily(page, size, theme)
  }
}
await browser.close()
await server.close()
console.log(faults === 0 ? 'no faults' : `${faults} faults`)
process.exit(faults === 0 ? 0 : 1)

/** Chromium drops every request when the machine's network changes, as containers make it do; such a look does not count. */
async function lookSteadily(page, size, theme) {
  for (let attempt = 1; ; attempt += 1) {
    const found = await look(page, size, SIZES[size], theme)
    if (attempt < ATTEMPTS && found.some((text) => text.includes('ERR_NETWORK_CHANGED'))) continue
    faults += found.length
    for (const text of found) console.log(`${page.name} ${size} ${theme}: ${text}`)
    return
  }
}

async function look(page, size, viewport, theme) {
  const context = await browser.newContext({
    viewport,
    isMobile: size === 'phone',
    hasTouch: size === 'phone',
    colorScheme: theme,
    reducedMotion: 'reduce',
    deviceScaleFactor: 1,
  })
  const tab = await context.newPage()
  const found = []
  const fault = (text) => found.push(text)
  // The deployed site that a preview shows.
  await context.route(/\.aether\.localhost/, (route) =>
    route.fulfill({ contentType: 'text/html', body: SITE }),
  )
  tab.on('console', (message) => {
    // A site in a preview frame may say what it likes.
    const foreign = !(message.location().url || base).startsWith(base)
    const expected = foreign || page.expects?.some((text) => message.text().includes(text))
    if (['error', 'warning'].includes(message.type()) && !expected) fault(`console: ${message.text()}`)
  })
  tab.on('pageerror', (error) => fault(`error: ${error.message}`))
  try {
    const separator = page.path.includes('?') ? '&' : '?'
    await tab.goto(`${base}${page.path}${separator}mock=${page.scene ?? ''}`)
    await tab.getByText(page.ready).filter({ visible: true }).first().waitFor({ timeout: 15_000 })
    await page.act?.(tab, size)
    await tab.evaluate(() => document.fonts.ready)
    // Lazy parts and pictures; a live log never leaves the network idle.
    await tab.waitForTimeout(SETTLE_MS)
    const wide = await tab.evaluate(
      () => document.documentElement.scrollWidth - document.documentElement.clientWidth,
    )
    if (wide > 0) fault(`scrolls sideways by ${wide} px`)
    // Evaluated by the debugger, which no policy forbids.
    await tab.evaluate(AXE)
    const { violations } = await tab.evaluate(() => window.axe.run(document, { iframes: false }))
    for (const one of violations) {
      fault(
        `axe ${one.id}: ${one.nodes.length} × ${one.nodes[0].target} (${one.nodes[0].any[0]?.message ?? one.help})`,
      )
    }
    await tab.screenshot({ path: `${OUT}${page.name}-${size}-${theme}.png`, fullPage })
    if (keep && page.keep?.includes(`${size}-${theme}`)) {
      await tab.screenshot({ path: `${KEPT}${page.name}-${size}-${theme}.png` })
    }
  } catch (error) {
    fault(error.message.split('\n').slice(0, 3).join(' '))
    await tab.screenshot({ path: `${OUT}${page.name}-${size}-${theme}.png` }).catch(() => {})
  }
  await context.close()
  return found
}
