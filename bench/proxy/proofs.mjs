// Real things through the proxy that a figure does not tell: transfers of 1 GB, a video player that seeks, an app with
// WebSockets, one with server-sent events, and 50 restarts under load. Prints one line for each and fails at the first fault.
//
//   cargo build --release -p aether-proxy
//   cd bench/proxy && npm install && node proofs.mjs ../../target/release/aether-proxy [part ...]
//
// Needs Chromium, ffmpeg and openssl. Everything listens on loopback.
import assert from 'node:assert/strict'
import { execFileSync, spawn } from 'node:child_process'
import { createHash } from 'node:crypto'
import { mkdirSync, mkdtempSync, openSync, rmSync, writeFileSync, writeSync } from 'node:fs'
import http from 'node:http'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { Readable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import { fileURLToPath } from 'node:url'
import { chromium } from 'playwright-core'
import { PORT, TLS_PORT, ask, ended, memory, pause, peakMemory, startProxy, writeRoutes } from './platform.mjs'

const [binaryPath, ...parts] = process.argv.slice(2)
const binary = resolve(binaryPath)
const GIB = 1024 ** 3
const PIECE = 1024 ** 2
const APP_PORT = 18231
const RED_PORT = 18232
const ESBUILD_PORT = 18233
const tool = (name) => fileURLToPath(new URL(`node_modules/.bin/${name}`, import.meta.url))
const root = mkdtempSync(join(tmpdir(), 'proofs-'))
const children = []

/** 1 GiB in which every piece is different. */
function* pieces(length = GIB) {
  const piece = Buffer.alloc(PIECE, 'aether ')
  for (let at = 0; at < length; at += PIECE) {
    piece.writeBigUInt64LE(BigInt(at), at % 1000)
    yield Buffer.from(piece)
  }
}

function digestOf(source) {
  const hash = createHash('sha256')
  for (const piece of source) hash.update(piece)
  return hash.digest('hex')
}

/** Takes uploads and tells their digest; sends 1 GiB. */
function startApp() {
  const server = http.createServer(async (request, response) => {
    if (request.method === 'GET' && request.url === '/large') {
      response.setHeader('content-length', GIB)
      await pipeline(Readable.from(pieces()), response).catch(() => response.destroy())
      return
    }
    const hash = createHash('sha256')
    let length = 0
    for await (const piece of request) {
      hash.update(piece)
      length += piece.length
    }
    response.end(JSON.stringify({ length, digest: hash.digest('hex') }))
  })
  return new Promise((done) => server.listen(APP_PORT, '127.0.0.1', () => done(server)))
}

function upload(fields) {
  return new Promise((done, failed) => {
    const headers = { host: 'app.proof.localhost', ...fields }
    const request = http.request({ host: '127.0.0.1', port: PORT, method: 'POST', path: '/', headers }, async (response) => {
      let text = ''
      for await (const piece of response) text += piece
      done(JSON.parse(text))
    })
    request.on('error', failed)
    pipeline(Readable.from(pieces()), request).catch(failed)
  })
}

function download(host, path) {
  return new Promise((done, failed) => {
    http.get({ host: '127.0.0.1', port: PORT, path, headers: { host } }, async (response) => {
      const hash = createHash('sha256')
      for await (const piece of response) hash.update(piece)
      done(hash.digest('hex'))
    }).on('error', failed)
  })
}

async function transfers(proxy) {
  const expected = digestOf(pieces())
  for (const [name, work] of [
    ['upload of 1 GiB with a length', async () => upload({ 'content-length': GIB })],
    ['upload of 1 GiB in chunks', async () => upload({ 'transfer-encoding': 'chunked' })],
    ['download of 1 GiB from an app', async () => ({ length: GIB, digest: await download('app.proof.localhost', '/large') })],
    ['download of 1 GiB from a static site', async () => ({ length: GIB, digest: await download('site.proof.localhost', '/large.bin') })],
  ]) {
    const before = memory(proxy)
    const [{ length, digest }, peak] = await peakMemory(proxy, work())
    assert.equal(length, GIB)
    assert.equal(digest, expected, `${name}: other bytes`)
    assert.ok(peak - before < 16, `${name}: ${peak - before} MiB more`)
    console.log(`- ${name}: SHA-256 equal; resident memory ${before.toFixed(1)} MiB before, at most ${peak.toFixed(1)} MiB during`)
  }
}

async function withPage(work) {
  const browser = await chromium.launch({ executablePath: process.env.CHROMIUM ?? '/usr/bin/chromium', args: ['--no-sandbox'] })
  try {
    return await work(await (await browser.newContext({ ignoreHTTPSErrors: true })).newPage())
  } finally {
    await browser.close()
  }
}

/** Seeks like somebody who looks for a place; the picture tells the second by its brightness. */
async function video() {
  for (const base of [`http://site.proof.localhost:${PORT}`, `https://site.proof.localhost:${TLS_PORT}`]) {
    await withPage(async (page) => {
      const answers = []
      page.on('response', (response) => {
        if (response.url().endsWith('.mp4')) answers.push({ status: response.status(), range: response.headers()['content-range'] })
      })
      await page.goto(`${base}/player`)
      await page.waitForFunction(() => document.querySelector('video').readyState >= 1)
      const seen = []
      for (const second of [150, 20, 100, 60, 170]) {
        seen.push(await page.evaluate(async (second) => {
          const video = document.querySelector('video')
          video.currentTime = second
          await new Promise((done, failed) => {
            video.onseeked = done
            video.onerror = () => failed(new Error(video.error.message))
          })
          const canvas = Object.assign(document.createElement('canvas'), { width: 1, height: 1 })
          canvas.getContext('2d').drawImage(video, 0, 0, 1, 1)
          return { second, at: video.currentTime, grey: canvas.getContext('2d').getImageData(0, 0, 1, 1).data[1] }
        }, second))
      }
      for (const { second, at, grey } of seen) {
        assert.equal(at, second)
        assert.ok(Math.abs(grey - (30 + second)) <= 6, `at ${second} s the picture is that of ${grey - 30} s`)
      }
      await page.evaluate(() => document.querySelector('video').play())
      await page.waitForFunction(() => document.querySelector('video').currentTime > 171)
      const starts = answers.map(({ range }) => Number(/^bytes (\d+)-/.exec(range)?.[1]))
      assert.ok(answers.every(({ status }) => status === 206), JSON.stringify(answers))
      assert.ok(new Set(starts).size >= 3, JSON.stringify(answers))
      console.log(`- video of 180 s in Chromium, ${base.split(':')[0]}: 5 seeks each showed the right picture, then it played; ${answers.length} answers, all 206, from ${new Set(starts).size} places`)
    })
  }
}

async function untilUp(host) {
  for (let tries = 0; (await ask({ host }).catch(() => ({ status: 0 }))).status !== 200; tries++) {
    assert.ok(tries < 600, `${host} does not answer`)
    await pause(100)
  }
}

function start(command, options) {
  const child = spawn(command[0], command.slice(1), { stdio: 'ignore', ...options })
  children.push(child)
  return child
}

/** Node-RED's editor shows what a flow says, over a WebSocket. */
async function webSockets() {
  start([tool('node-red'), '--port', RED_PORT, '--userDir', join(root, 'red')], { env: { ...process.env, NODE_RED_ENABLE_TOURS: 'false' } })
  await untilUp('red.proof.localhost')
  const flow = [
    { id: 'f1', type: 'tab', label: 'proof' },
    { id: 'i1', type: 'inject', z: 'f1', name: '', props: [{ p: 'payload' }], repeat: '1', once: true, payload: 'through the proxy', payloadType: 'str', x: 100, y: 100, wires: [['d1']] },
    { id: 'd1', type: 'debug', z: 'f1', name: '', active: true, tosidebar: true, complete: 'payload', x: 300, y: 100, wires: [] },
  ]
  await withPage(async (page) => {
    const frames = { sent: 0, received: [] }
    page.on('websocket', (socket) => {
      assert.ok(socket.url().startsWith(`ws://red.proof.localhost:${PORT}/comms`), socket.url())
      socket.on('framesent', () => frames.sent++)
      socket.on('framereceived', ({ payload }) => frames.received.push(String(payload)))
    })
    await page.goto(`http://red.proof.localhost:${PORT}/`)
    await page.waitForSelector('#red-ui-workspace', { timeout: 60_000 })
    const status = await page.evaluate(async (flow) => (await fetch('/flows', {
      method: 'POST', headers: { 'content-type': 'application/json', 'node-red-deployment-type': 'full' }, body: JSON.stringify(flow),
    })).status, flow)
    assert.equal(status, 204)
    const messages = () => frames.received.filter((text) => text.includes('through the proxy')).length
    for (let tries = 0; messages() < 5; tries++) {
      assert.ok(tries < 300, 'no messages')
      await pause(100)
    }
    console.log(`- Node-RED's editor in Chromium: ${messages()} messages of a flow over its WebSocket, ${frames.sent} frames sent`)
  })
}

/** esbuild tells pages of changes with server-sent events. */
async function events() {
  const site = join(root, 'esbuild')
  mkdirSync(site)
  const write = (text) => writeFileSync(join(site, 'app.js'), `document.body.append(${JSON.stringify(text)})\nnew EventSource('/esbuild').addEventListener('change', () => location.reload())\n`)
  writeFileSync(join(site, 'index.html'), '<!doctype html><body><script src="out.js"></script>')
  write('version 0')
  start([tool('esbuild'), 'app.js', '--bundle', '--outfile=out.js', '--servedir=.', '--watch=forever', `--serve=127.0.0.1:${ESBUILD_PORT}`], { cwd: site })
  await untilUp('localhost')
  await withPage(async (page) => {
    await page.goto(`http://localhost:${PORT}/`)
    await page.waitForFunction(() => document.body.innerText.includes('version 0'))
    const took = []
    for (let version = 1; version <= 3; version++) {
      // The page must be listening before the file changes.
      await pause(1500)
      const begun = Date.now()
      write(`version ${version}`)
      await page.waitForFunction((version) => document.body?.innerText.includes(`version ${version}`), version, { timeout: 20_000 })
      took.push(Date.now() - begun)
    }
    console.log(`- esbuild's live reload in Chromium: 3 changes reached the page as events, ${took.join(', ')} ms after the file was written`)
  })
}

/** 16 clients that keep their connections and 4 that open one for each request, while one process takes over from another. */
async function restarts(first) {
  let running = true
  let proxy = first
  const counts = { answered: 0, failed: [] }
  const client = async (keepAlive) => {
    const agent = keepAlive ? new http.Agent({ keepAlive: true, maxSockets: 1 }) : undefined
    while (running) {
      const host = counts.answered % 2 === 0 ? 'site.proof.localhost' : 'app.proof.localhost'
      await ask({ host, path: host.startsWith('site') ? '/player' : '/', agent }).then(
        ({ status }) => (status === 200 ? counts.answered++ : counts.failed.push(status)),
        (error) => counts.failed.push(error.code ?? error.message),
      )
    }
    agent?.destroy()
  }
  const clients = Array.from({ length: 20 }, (_, index) => client(index < 16))
  for (let restart = 1; restart <= 50; restart++) {
    const next = await startProxy(binary, root, PORT + 1 + 5 * (restart % 2))
    children.push(next)
    proxy.kill('SIGTERM')
    await ended(proxy)
    assert.equal(proxy.exitCode, 0)
    proxy = next
  }
  running = false
  await Promise.all(clients)
  assert.deepEqual(counts.failed, [])
  console.log(`- 50 restarts of the process under 20 clients: ${counts.answered} requests answered, ${counts.failed.length} failed`)
}

function writeFiles() {
  execFileSync('openssl', ['req', '-x509', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes', '-days', '2', '-subj', '/CN=proof',
    '-addext', 'subjectAltName=DNS:*.proof.localhost', '-keyout', join(root, 'key.pem'), '-out', join(root, 'cert.pem')], { stdio: 'ignore' })
  const page = join(root, 'player.html')
  writeFileSync(page, '<!doctype html><title>player</title><video src="/video.mp4" preload="metadata" muted></video>')
  const files = { 'player.html': page }
  if (wanted('video')) {
    files['video.mp4'] = join(root, 'video.mp4')
    // Noise around a brightness that rises by one a second: large enough that nobody loads it as a whole.
    execFileSync('ffmpeg', ['-loglevel', 'error', '-f', 'lavfi', '-i', 'color=c=black:s=320x180:r=10:d=180', '-vf',
      "geq=lum='30+floor(T)':cb=128:cr=128,noise=alls=12:allf=t,format=yuv420p", '-color_range', 'pc', '-c:v', 'libx264', '-preset', 'ultrafast',
      '-b:v', '2M', '-minrate', '2M', '-maxrate', '2M', '-bufsize', '2M', '-g', '10', '-movflags', '+faststart', files['video.mp4']])
  }
  if (wanted('transfers')) {
    files['large.bin'] = join(root, 'large.bin')
    const file = openSync(files['large.bin'], 'w')
    for (const piece of pieces()) writeSync(file, piece)
  }
  writeRoutes(root, [
    { host: 'site.proof.localhost', files },
    { host: 'app.proof.localhost', port: APP_PORT },
    { host: 'red.proof.localhost', port: RED_PORT },
    // esbuild answers to this name only.
    { host: 'localhost', port: ESBUILD_PORT },
  ])
}

function wanted(part) {
  return parts.length === 0 || parts.includes(part)
}

let app
try {
  writeFiles()
  app = await startApp()
  const proxy = await startProxy(binary, root)
  children.push(proxy)
  if (wanted('transfers')) await transfers(proxy)
  if (wanted('video')) await video()
  if (wanted('websockets')) await webSockets()
  if (wanted('events')) await events()
  if (wanted('restarts')) await restarts(proxy)
} finally {
  app?.close()
  for (const child of children) child.kill()
  rmSync(root, { recursive: true, force: true })
}
