// Build logs of the mock backend.

import type { Schemas } from '@/api/client'

type Line = Schemas['LogLine']
type Draft = [Schemas['Step'], Line['stream'], string]

const E = '\u001b['

export const BUILD: Draft[] = [
  ['clone', 'system', 'Cloning https://github.com/acme/shop, branch main'],
  ['clone', 'stderr', 'remote: Enumerating objects: 1284, done.'],
  ['clone', 'system', 'At 4f2c1aa Show delivery times in the basket (1.4 s)'],
  ['detect', 'system', 'Vite with pnpm, Node 22: a static site in dist'],
  ['install', 'system', '$ pnpm install --frozen-lockfile'],
  ['install', 'stdout', 'Lockfile is up to date, resolution step is skipped'],
  [
    'install',
    'stdout',
    `Progress: resolved ${E}96m0${E}39m, reused ${E}96m1${E}39m, downloaded ${E}96m0${E}39m, added 0`,
  ],
  [
    'install',
    'stderr',
    ` ${E}33mWARN${E}39m  2 deprecated subdependencies found: glob@7.2.3, inflight@1.0.6`,
  ],
  ['install', 'stdout', `Packages: ${E}32m+312${E}39m`],
  ['install', 'stdout', `${E}32m++++++++++++++++++++++++++++++++++++++++++++++++++${E}39m`],
  ['install', 'stdout', 'Done in 9.6s'],
  ['build', 'system', '$ pnpm run build'],
  ['build', 'stdout', '> shop@2.14.0 build /workspace'],
  ['build', 'stdout', '> vite build'],
  ['build', 'stdout', `${E}36mvite v7.1.3 ${E}32mbuilding for production...${E}39m`],
  ['build', 'stdout', 'transforming...'],
  ['build', 'stdout', `${E}32m✓${E}39m 428 modules transformed.`],
  ['build', 'stdout', 'rendering chunks...'],
  [
    'build',
    'stdout',
    `${E}2mdist/${E}22m${E}32mindex.html                 ${E}39m${E}1m${E}2m  0.62 kB${E}22m`,
  ],
  [
    'build',
    'stdout',
    `${E}2mdist/${E}22m${E}35massets/index-DiwrgTda.css   ${E}39m${E}1m${E}2m 14.31 kB${E}22m`,
  ],
  [
    'build',
    'stdout',
    `${E}2mdist/${E}22m${E}36massets/index-BvwKcOUi.js    ${E}39m${E}1m${E}2m186.20 kB${E}22m`,
  ],
  ['build', 'stdout', `${E}32m✓ built in 4.81s${E}39m`],
  ['deploy', 'system', 'Stored 38 files, 1.2 MB; 31 of them were there already'],
  ['route', 'system', 'Live at http://shop.aether.localhost:3005'],
]

export const FAILED: Draft[] = [
  ...BUILD.slice(0, 15),
  ['build', 'stderr', `${E}31mx${E}39m Build failed in 812ms`],
  ['build', 'stderr', `${E}31merror during build:${E}39m`],
  ['build', 'stderr', `${E}31m[vite]: Rollup failed to resolve import "./Prices" from "src/App.tsx".${E}39m`],
  ['build', 'stderr', 'This is most likely unintended because it can break your application at runtime.'],
  ['build', 'stderr', ' ELIFECYCLE  Command failed with exit code 1.'],
  ['build', 'system', 'The build command ended with exit code 1'],
]

const RUNTIME = [
  'INFO:     Started server process [1]',
  'INFO:     Waiting for application startup.',
  'INFO:     Application startup complete.',
  'INFO:     Uvicorn running on http://0.0.0.0:8000 (Press CTRL+C to quit)',
]

/** Numbers drafts and gives them times from `start` on. */
export function lines(drafts: Draft[], start: string): Line[] {
  return drafts.map(([step, stream, text], index) => ({
    seq: index + 1,
    at: new Date(Date.parse(start) + index * 480).toISOString(),
    step,
    stream,
    text,
  }))
}

/** A log of any length, to try the viewer with. */
export function manyLines(count: number, start: string): Line[] {
  const drafts = Array.from({ length: count }, (_, index): Draft => {
    if (index % 997 === 0)
      return ['build', 'stderr', `${E}31merror${E}39m TS2304: Cannot find name 'Price${index}'.`]
    return [
      'build',
      'stdout',
      `${E}32m✓${E}39m compiled ${E}2msrc/modules/${E}22mmodule-${index}.ts in ${index % 90} ms`,
    ]
  })
  return lines(drafts, start)
}

export function runtimeText(index: number): { stream: Line['stream']; text: string } {
  const first = RUNTIME[index]
  if (first) return { stream: 'stderr', text: first }
  const path = ['/orders', '/orders/418', '/health', '/products?page=2', '/basket'][index % 5]
  if (index % 23 === 0) return { stream: 'stderr', text: `WARNING:  slow query on ${path}: 812 ms` }
  return {
    stream: 'stdout',
    text: `INFO:     10.0.0.${index % 9} - "GET ${path} HTTP/1.1" ${E}32m200 OK${E}39m`,
  }
}
