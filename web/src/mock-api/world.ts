// What the mock backend knows: a team with some projects in every state a page has to show.

import type { Schemas } from '@/api/client'
import { ago, deployment, plan, project, steps, user } from './examples'
import { exampleDomains } from './handlers-domains'
import { exampleSessions } from './handlers-own-account'
import { exampleDeployKeys, exampleEnvironments, exampleProviders } from './handlers-sources'
import { BUILD, FAILED, lines, manyLines } from './log-lines'

type Deployment = Schemas['Deployment']
type Project = Schemas['Project']

export type World = {
  user: Schemas['User']
  signedIn: boolean
  needsOwner: boolean
  projects: Project[]
  deployments: Deployment[]
  logs: Map<string, Schemas['LogLine'][]>
  env: Map<string, Schemas['EnvVar'][]>
  domains: Map<string, Schemas['Domain'][]>
  deliveries: Schemas['WebhookDelivery'][]
  environments: Map<string, Schemas['Environment'][]>
  deployKeys: Map<string, Schemas['DeployKey']>
  providers: Map<string, Schemas['Provider']>
  tokens: Schemas['ApiToken'][]
  sessions: Schemas['Session'][]
  invitations: Schemas['Invitation'][]
  system: Schemas['SystemStatus']
}

const SERVER = plan({
  kind: 'server',
  language: 'python',
  framework: 'fastapi',
  package_manager: 'uv',
  install_command: 'uv sync --frozen',
  build_command: null,
  start_command: 'uvicorn app.main:app --host 0.0.0.0 --port $PORT',
  output_directory: null,
  runtime_version: { python: '3.13' },
  spa: false,
  evidence: [
    { file: 'uv.lock', says: 'package manager uv' },
    { file: 'app/main.py', says: 'creates a FastAPI application named app' },
  ],
  warnings: ['.python-version is not there; Python 3.13 is used. Add one to fix the version.'],
})

const BUILD_FAILED: Schemas['UserError'] = {
  code: 'build_command_failed',
  title: 'The build command failed',
  detail:
    '`pnpm run build` ended with exit code 1. Its last line: Rollup failed to resolve import "./Prices" from "src/App.tsx"',
  hint: 'check that src/Prices exists and is committed with this spelling; file names are case-sensitive here',
}

const MESSAGES: [string, string][] = [
  ['Show delivery times in the basket', 'Grace Hopper'],
  ['Round prices once, at the end', 'Ada Lovelace'],
  ['Update dependencies', 'Grace Hopper'],
  ['Fix the checkout on small screens', 'Margaret Hamilton'],
]

/** Deployments of the shop that went to previews. */
const PREVIEWED: Record<number, Partial<Deployment>> = {
  10: { environment: 'pull-request:58', ref: 'feature/buttons' },
  8: { environment: 'branch:next', ref: 'next' },
}

export function world(): World {
  const shop = history('shop', 12, 30).map((one) => ({ ...one, ...PREVIEWED[one.number] }))
  const orders = history('orders-api', 8, 200).map((one) => ({ ...one, plan: SERVER }))
  const docs = history('docs', 31, 3000)
  const landing = history('landing', 5, 5000)
  const created = ago(8)
  landing.unshift(
    deployment({
      ...common('landing', 6, created),
      status: 'FAILED',
      steps: steps(created, 'build'),
      error: BUILD_FAILED,
      commit: {
        sha: 'b81c0de4',
        message: 'Move prices into their own file',
        author: 'Ada Lovelace',
        authored_at: created,
      },
    }),
  )
  const projects = [
    project({ ...ends('shop', shop), name: 'Shop' }),
    project({
      ...ends('orders-api', orders),
      name: 'Orders API',
      health_check_path: '/health',
      volumes: [{ name: 'uploads', path: '/app/uploads' }],
    }),
    project({ ...ends('landing', landing), name: 'Landing page' }),
    project({ ...ends('docs', docs), name: 'Documentation', root_dir: 'apps/docs' }),
    project({ slug: 'notes', name: 'Notes', branch: null }),
  ]
  const deployments = [...shop, ...orders, ...landing, ...docs]
  return {
    user: user(),
    signedIn: true,
    needsOwner: false,
    projects,
    deployments,
    logs: new Map(
      deployments.map((one) => [one.id, lines(one.status === 'FAILED' ? FAILED : BUILD, one.created_at)]),
    ),
    env: new Map([['shop', variables()]]),
    domains: new Map([['shop', exampleDomains()]]),
    deliveries: deliveries(shop),
    environments: exampleEnvironments(),
    deployKeys: exampleDeployKeys(),
    providers: exampleProviders(),
    tokens: tokens(),
    sessions: exampleSessions(),
    invitations: [],
    system: system(),
  }
}

/** As many projects as a large team has. */
export function crowded(count: number): Project[] {
  return Array.from({ length: count }, (_, index) => {
    const slug = `site-${index + 1}`
    const one = deployment({ ...common(slug, 3, ago(index * 40 + 3)), live: true })
    return project({ slug, name: `Site ${index + 1}`, live_deployment: one, latest_deployment: one })
  })
}

export function longLog(count: number): Schemas['LogLine'][] {
  return manyLines(count, ago(20))
}

function common(slug: string, number: number, created: string): Partial<Deployment> {
  return { project_slug: slug, number, created_at: created }
}

function history(slug: string, newest: number, minutes: number): Deployment[] {
  return Array.from({ length: Math.min(newest, 9) }, (_, index) => {
    const number = newest - index
    const created = ago(minutes + index * 700)
    const [message, author] = MESSAGES[number % MESSAGES.length] ?? ['Change', 'Somebody']
    const sha = `${(number * 7919).toString(16).padStart(6, '0')}e1c09f5d2b7a`
    return deployment({
      ...common(slug, number, created),
      live: index === 0,
      trigger: index % 4 === 3 ? 'manual' : 'webhook',
      status: index === 4 ? 'CANCELLED' : index === 6 ? 'SUPERSEDED' : 'READY',
      commit: { sha, message, author, authored_at: created },
    })
  })
}

function ends(slug: string, deployments: Deployment[]): Partial<Project> {
  return {
    slug,
    live_deployment: deployments.find((one) => one.live) ?? null,
    latest_deployment: deployments[0] ?? null,
  }
}

function variables(): Schemas['EnvVar'][] {
  const common = { created_at: ago(9000), updated_at: ago(4000), target: 'all' as const }
  return [
    { ...common, name: 'PAYMENT_KEY', value: null, secret: true, scope: 'runtime' },
    { ...common, name: 'SENTRY_AUTH_TOKEN', value: null, secret: true, scope: 'build' },
    {
      ...common,
      name: 'VITE_API_URL',
      value: 'https://staging.example.com',
      secret: false,
      scope: 'all',
      target: 'preview',
    },
    { ...common, name: 'VITE_API_URL', value: 'https://orders.example.com', secret: false, scope: 'all' },
  ]
}

function deliveries(shop: Deployment[]): Schemas['WebhookDelivery'][] {
  const one = (id: number, change: Partial<Schemas['WebhookDelivery']>): Schemas['WebhookDelivery'] => ({
    id: `whd_${id}`,
    delivery_id: `72d3162e-cc78-11e3-81ab-4c936713${id}a0`,
    forge: 'github',
    event: 'push',
    verdict: 'deployed',
    reason: 'a push to main',
    payload_sha256: 'e3b0c442',
    deployment_id: null,
    received_at: ago(30),
    ...change,
  })
  return [
    one(13, { deployment_id: shop[0]?.id ?? null }),
    one(12, {
      verdict: 'ignored',
      reason: 'a push to next, and production follows main',
      received_at: ago(300),
    }),
    one(14, {
      event: 'pull_request',
      verdict: 'waiting',
      reason: 'the pull request comes from a fork and waits for approval',
      received_at: ago(8),
    }),
    one(11, {
      event: 'ping',
      verdict: 'ignored',
      reason: 'the provider tries the webhook',
      received_at: ago(5000),
    }),
  ]
}

function tokens(): Schemas['ApiToken'][] {
  return [
    {
      id: 'tok_1',
      name: 'ci',
      scopes: ['deploy', 'read'],
      hint: 'x7Qa',
      created_at: ago(20_000),
      expires_at: ago(-90_000),
      last_used_at: ago(31),
    },
    {
      id: 'tok_2',
      name: 'laptop',
      scopes: ['deploy', 'read', 'write'],
      hint: 'p0Lm',
      created_at: ago(90_000),
      expires_at: null,
      last_used_at: null,
    },
  ]
}

function system(): Schemas['SystemStatus'] {
  return {
    version: '0.1.0',
    apps_domain: 'aether.localhost',
    postgres: 'up',
    postgres_version: '17.2',
    redis: 'up',
    redis_version: '8.0.1',
    queue: { queued: 0, running: 1, busy_workers: 1, oldest_queued_seconds: null },
    workers: [
      {
        id: 'forge-1',
        node: 'forge',
        version: '0.1.0',
        runtime: 'process',
        runtime_reason: [
          'No Docker engine answers at /var/run/docker.sock (there is no such socket), so apps run as supervised processes, which isolates less',
          'Sandbox: bubblewrap 0.8.0, as the user aether (1001); dangerous system calls are blocked, user namespaces inside it are blocked',
          'Limits: memory by cgroup v2, processes by cgroup v2, CPU by cgroup v2',
          "Note: Builds and apps share this machine's network: they reach what listens on it, 127.0.0.1 included.",
        ].join('. '),
        running: 1,
        concurrency: 2,
        started_at: ago(5000),
        disk: { total_bytes: 500_000_000_000, free_bytes: 312_000_000_000 },
      },
    ],
    proxies: [{ id: 'proxy-1', route_version: 214, in_flight: 3 }],
    route_version: 214,
    disk: { total_bytes: 500_000_000_000, free_bytes: 312_000_000_000 },
  }
}
