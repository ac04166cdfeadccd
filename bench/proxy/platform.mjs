// A proxy without Postgres and Redis, its sites and routes, and a client that speaks to it.
import { spawn } from 'node:child_process'
import { copyFileSync, mkdirSync, readFileSync, statSync, writeFileSync } from 'node:fs'
import http from 'node:http'
import { join } from 'node:path'

export const PORT = 18205
export const TLS_PORT = 18207
export const pause = (ms) => new Promise((done) => setTimeout(done, ms))

// TypeID, as in crates/models/src/id.rs.
function typeId(prefix, uuid) {
  const digits = '0123456789abcdefghjkmnpqrstvwxyz'
  const value = BigInt('0x' + uuid.replaceAll('-', ''))
  let text = ''
  for (let place = 25n; place >= 0n; place--) text += digits[Number((value >> (5n * place)) & 31n)]
  return `${prefix}_${text}`
}

const uuidOf = (index) => `01900000-0000-7000-8000-${String(index + 1).padStart(12, '0')}`

/** Sites are `{ host, files: { path: file on disk } }`, apps `{ host, port }`. */
export function writeRoutes(root, targets) {
  const types = { html: 'text/html; charset=utf-8', mp4: 'video/mp4', bin: 'application/octet-stream' }
  const routes = targets.map((target, index) => {
    const uuid = uuidOf(index)
    const route = { host: target.host, project_id: typeId('prj', uuid), kind: 'production', version: 1 }
    if (target.port) {
      const upstreams = [`127.0.0.1:${target.port}`]
      return { ...route, target: { type: 'app', deployment_id: typeId('dep', uuid), upstreams } }
    }
    const release = join(root, 'deployments', uuid)
    mkdirSync(join(release, 'files'), { recursive: true })
    const files = {}
    for (const [path, file] of Object.entries(target.files)) {
      const sha256 = Buffer.from(path).toString('hex').padEnd(64, '0').slice(0, 64)
      copyFileSync(file, join(release, 'files', sha256))
      files[path] = { sha256, size: statSync(file).size, content_type: types[path.split('.').pop()] }
    }
    writeFileSync(join(release, 'manifest.json'), JSON.stringify({ version: 1, spa: false, created: 1, files }))
    return { ...route, target: { type: 'static', deployment_id: typeId('dep', uuid) } }
  })
  mkdirSync(join(root, 'data/proxy'), { recursive: true })
  writeFileSync(join(root, 'data/proxy/routes.json'), JSON.stringify({ version: 1, routes, removed: [] }))
}

/** Starts a proxy and waits until it serves; several may hold the port, each with an admin port of its own. */
export async function startProxy(binary, root, adminPort = PORT + 1) {
  const env = {
    PATH: process.env.PATH, AETHER_PROXY_ADDR: `127.0.0.1:${PORT}`, AETHER_PROXY_ADMIN_ADDR: `127.0.0.1:${adminPort}`,
    AETHER_PROXY_TLS_ADDR: `127.0.0.1:${TLS_PORT}`, AETHER_PROXY_TLS_CERT: join(root, 'cert.pem'), AETHER_PROXY_TLS_KEY: join(root, 'key.pem'),
    AETHER_DATA_DIR: join(root, 'data'), AETHER_DEPLOYMENTS_DIR: join(root, 'deployments'), AETHER_LOG: 'error',
    DATABASE_URL: 'postgres://nobody@127.0.0.1:1/none', REDIS_URL: 'redis://127.0.0.1:1',
  }
  const child = spawn(binary, [], { env, stdio: 'inherit' })
  for (let tries = 0; ; tries++) {
    const answer = await ask({ port: adminPort, path: '/ready' }).catch(() => undefined)
    if (answer?.status === 200) return child
    if (tries > 300 || child.exitCode !== null) throw new Error('the proxy did not start')
    await pause(20)
  }
}

export const ended = (child) => new Promise((done) => (child.exitCode === null ? child.once('exit', done) : done()))

/** One request; the body is collected. */
export function ask({ port = PORT, host = 'x', path = '/', agent }) {
  return new Promise((done, failed) => {
    const request = http.request({ host: '127.0.0.1', port, path, headers: { host }, agent }, (response) => {
      const pieces = []
      response.on('data', (piece) => pieces.push(piece))
      response.on('end', () => done({ status: response.statusCode, headers: response.headers, body: Buffer.concat(pieces).toString() }))
      response.on('error', failed)
    })
    request.on('error', failed)
    request.end()
  })
}

/** Resident memory in MiB. */
export const memory = (child) => Number(/VmRSS:\s+(\d+)/.exec(readFileSync(`/proc/${child.pid}/status`, 'utf8'))[1]) / 1024

/** The most memory `child` has while `work` runs, looked at every 50 ms. */
export async function peakMemory(child, work) {
  let peak = memory(child)
  const timer = setInterval(() => (peak = Math.max(peak, memory(child))), 50)
  try {
    return [await work, peak]
  } finally {
    clearInterval(timer)
  }
}
