// Compares our reading of `_redirects` and `_headers` with Netlify's and Cloudflare's own code.
//
//   cargo build --release -p aether-proxy && cargo build --example site_rules -p aether-models
//   cd crates/proxy/tests/differential && npm install
//   node run.mjs ../../../../target/release/aether-proxy ../../../../target/debug/examples/site_rules
//
// Netlify is `netlify-redirector` (their matcher) with `@netlify/headers-parser`; that files win unless a rule insists is
// from their documentation. Cloudflare is `wrangler pages dev`. Every difference must stand in deviations.json with a
// reason, and every entry there must still differ. Everything listens on loopback.

import { spawn, execFileSync } from 'node:child_process'
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import http from 'node:http'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { createHash } from 'node:crypto'
import { parseAllHeaders } from '@netlify/headers-parser'
import redirector from 'netlify-redirector'
import { sites } from './corpus.mjs'

const [binary, rulesBinary] = process.argv.slice(2)
const PORT = 18105
const WRANGLER_PORT = 18140
const wranglerBinary = fileURLToPath(new URL('node_modules/.bin/wrangler', import.meta.url))
const root = mkdtempSync(join(tmpdir(), 'differential-'))
const children = []

const host = (site) => `${site.name}.diff.localhost`
const pause = (ms) => new Promise((done) => setTimeout(done, ms))

function ask(port, hostName, path) {
  return new Promise((done, failed) => {
    const request = http.request({ host: '127.0.0.1', port, path, headers: { host: hostName } }, (response) => {
      let body = ''
      response.on('data', (data) => (body += data))
      response.on('end', () => done({ status: response.statusCode, headers: response.headers, body }))
    })
    request.on('error', failed)
    request.end()
  })
}

async function askWhenUp(port, hostName, path) {
  for (let tries = 0; ; tries++) {
    try {
      return await ask(port, hostName, path)
    } catch (error) {
      if (tries > 300) throw error
      await pause(100)
    }
  }
}

// One line that says what an answer is.
function outcome(site, answer) {
  const location = answer.headers.location
  if (location !== undefined) return `${answer.status} ${decodeURI(location)}`
  const file = site.files.includes(answer.body) ? ` ${answer.body}` : ''
  return `${answer.status}${file}`
}

// TypeID, as in crates/models/src/id.rs.
function typeId(prefix, uuid) {
  const digits = '0123456789abcdefghjkmnpqrstvwxyz'
  const value = BigInt('0x' + uuid.replaceAll('-', ''))
  let text = ''
  for (let place = 25n; place >= 0n; place--) text += digits[Number((value >> (5n * place)) & 31n)]
  return `${prefix}_${text}`
}

function writeSite(site, index) {
  const web = join(root, 'web', site.name)
  for (const file of site.files) {
    mkdirSync(dirname(join(web, file)), { recursive: true })
    writeFileSync(join(web, file), file)
  }
  writeFileSync(join(web, '_redirects'), site.redirects)
  if (site.headers) writeFileSync(join(web, '_headers'), site.headers)
  const rules = JSON.parse(execFileSync(rulesBinary, [web]))
  const uuid = `01900000-0000-7000-8000-${String(index + 1).padStart(12, '0')}`
  const release = join(root, 'deployments', uuid)
  mkdirSync(join(release, 'files'), { recursive: true })
  const files = {}
  for (const file of [...site.files].sort()) {
    const sha256 = createHash('sha256').update(file).digest('hex')
    writeFileSync(join(release, 'files', sha256), file)
    files[file] = { sha256, size: file.length, content_type: file.endsWith('.js') ? 'text/javascript' : 'text/html; charset=utf-8' }
  }
  const { redirects, headers } = rules
  writeFileSync(join(release, 'manifest.json'), JSON.stringify({ version: 1, spa: false, created: 1, files, redirects, headers }))
  return {
    host: host(site), project_id: typeId('prj', uuid), kind: 'production', version: 1,
    target: { type: 'static', deployment_id: typeId('dep', uuid) },
  }
}

async function startOurs() {
  const routes = sites.map(writeSite)
  mkdirSync(join(root, 'data/proxy'), { recursive: true })
  writeFileSync(join(root, 'data/proxy/routes.json'), JSON.stringify({ version: 1, routes, removed: [] }))
  const env = {
    PATH: process.env.PATH, AETHER_PROXY_ADDR: `127.0.0.1:${PORT}`, AETHER_PROXY_ADMIN_ADDR: `127.0.0.1:${PORT + 1}`,
    AETHER_DATA_DIR: join(root, 'data'), AETHER_DEPLOYMENTS_DIR: join(root, 'deployments'), AETHER_LOG: 'error',
    AETHER_PROXY_DRAIN: '1s', DATABASE_URL: 'postgres://nobody@127.0.0.1:1/none', REDIS_URL: 'redis://127.0.0.1:1',
  }
  children.push(spawn(binary, [], { env, stdio: 'inherit' }))
  await askWhenUp(PORT, host(sites[0]), '/')
}

// Netlify: files win unless a rule insists; the matcher says which rule.
async function netlify(site) {
  const matcher = await redirector.parsePlain(site.redirects, { jwtSecret: '', jwtRoles: '' })
  const fileOf = (path) => {
    const name = decodeURI(path).replace(/^\//, '').replace(/\/$/, '')
    return [name, `${name}.html`, name === '' ? 'index.html' : `${name}/index.html`].find((file) => site.files.includes(file))
  }
  return (request) => {
    const [path, query = ''] = request.split('?')
    const rule = matcher.match({
      scheme: 'http', host: host(site), path, query, headers: {}, cookieValues: {}, getHeader: () => '', getCookie: () => '',
    })
    const file = fileOf(path)
    if (rule && (rule.force || !file)) {
      if (rule.status >= 300 && rule.status < 400) {
        const location = rule.to.includes('?') || query === '' ? rule.to : `${rule.to}?${query}`
        return `${rule.status} ${decodeURI(location)}`
      }
      const target = fileOf(rule.to.split(/[?#]/)[0])
      if (target) return `${rule.status} ${target}`
    } else if (file) {
      return `200 ${file}`
    }
    return site.files.includes('404.html') ? '404 404.html' : '404'
  }
}

async function netlifyFields(site) {
  const { headers } = await parseAllHeaders({ headersFiles: [join(root, 'web', site.name, '_headers')], minimal: true })
  const pattern = (path) => new RegExp(`^${path.replace(/\/\*$/, '(/.*)?').replace(/:\w+/g, '[^/]+')}/?$`)
  return (request) => {
    const fields = {}
    for (const { for: path, values } of headers) {
      if (!pattern(path).test(request)) continue
      for (const [name, value] of Object.entries(values)) {
        const known = fields[name.toLowerCase()]
        fields[name.toLowerCase()] = known ? `${known}, ${value}` : value
      }
    }
    return fields
  }
}

const deviations = JSON.parse(readFileSync(new URL('deviations.json', import.meta.url)))
const seen = new Set()
let compared = 0
let faults = 0

function compare(oracle, site, request, ours, theirs) {
  compared++
  if (ours === theirs) return
  const key = `${oracle} ${site.name} ${request}`
  const reason = deviations.differences[key]
  seen.add(key)
  if (!reason) {
    faults++
    console.log(`${key}\n  ours   ${ours}\n  theirs ${theirs}`)
  }
}

const shown = (fields, names) => names.filter((name) => fields[name] !== undefined).map((name) => `${name}: ${fields[name]}`).join(' | ')

try {
  await startOurs()
  for (const [index, site] of sites.entries()) {
    const theirs = await netlify(site)
    const theirFields = site.headers && (await netlifyFields(site))
    const wranglerPort = WRANGLER_PORT + index
    const wrangler = spawn(wranglerBinary, ['pages', 'dev', join(root, 'web', site.name), '--ip', '127.0.0.1', '--port', wranglerPort,
      '--inspector-port', '0', '--compatibility-date', '2026-01-01', '--show-interactive-dev-session=false'],
      { cwd: root, stdio: ['ignore', 'ignore', 'ignore'], detached: true, env: { ...process.env, WRANGLER_SEND_METRICS: 'false', CI: '1', HOME: root } })
    children.push(wrangler)
    await askWhenUp(wranglerPort, `127.0.0.1:${wranglerPort}`, '/')
    for (const request of site.requests) {
      const ours = await ask(PORT, host(site), request)
      const cloudflare = await ask(wranglerPort, `127.0.0.1:${wranglerPort}`, request)
      compare('netlify', site, request, outcome(site, ours), theirs(request))
      compare('cloudflare', site, request, outcome(site, ours), outcome(site, cloudflare))
      if (site.headers) {
        const own = shown(ours.headers, site.fields)
        compare('netlify-headers', site, request, own, shown(theirFields(request), site.fields))
        compare('cloudflare-headers', site, request, own, shown(cloudflare.headers, site.fields))
      }
    }
    process.kill(-wrangler.pid)
  }
  for (const key of Object.keys(deviations.differences)) {
    if (!seen.has(key)) {
      faults++
      console.log(`${key}: is listed and does not differ any more`)
    }
  }
  for (const reason of Object.values(deviations.differences)) {
    if (!deviations.reasons[reason]) {
      faults++
      console.log(`${reason}: is no reason of deviations.json`)
    }
  }
  console.log(`${compared} comparisons, ${seen.size} differences, ${faults} of them without a reason`)
} finally {
  for (const child of children) {
    try {
      child.kill()
    } catch {
      // It is gone already.
    }
  }
  rmSync(root, { recursive: true, force: true })
}
process.exitCode = faults === 0 ? 0 : 1
