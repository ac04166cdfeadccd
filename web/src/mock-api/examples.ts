// Objects of the API as it would send them, to begin a mock or a test with.

import type { Schemas } from '@/api/client'

const MINUTE = 60_000

export function ago(minutes: number): string {
  return new Date(Date.now() - minutes * MINUTE).toISOString()
}

export function user(change: Partial<Schemas['User']> = {}): Schemas['User'] {
  return {
    id: 'usr_01',
    email: 'ada@example.com',
    name: 'Ada Lovelace',
    instance_owner: true,
    team_id: 'team_01',
    role: 'owner',
    scopes: ['read', 'deploy', 'write'],
    created_at: ago(100_000),
    ...change,
  }
}

export function plan(change: Partial<Schemas['BuildPlan']> = {}): Schemas['BuildPlan'] {
  return {
    kind: 'static',
    language: 'node',
    framework: 'vite',
    package_manager: 'pnpm',
    root_dir: '.',
    install_command: 'pnpm install --frozen-lockfile',
    build_command: 'pnpm run build',
    start_command: null,
    output_directory: 'dist',
    port: null,
    runtime_version: { node: '22' },
    spa: true,
    confidence: 'high',
    evidence: [
      { file: 'pnpm-lock.yaml', says: 'package manager pnpm' },
      { file: 'package.json', says: 'depends on vite 7, has a build script' },
      { file: '.nvmrc', says: 'Node 22' },
    ],
    warnings: [],
    cache_directories: ['node_modules/.vite'],
    ...change,
  }
}

const STEPS: [Schemas['Step'], number][] = [
  ['clone', 1400],
  ['detect', 120],
  ['install', 9800],
  ['build', 6300],
  ['deploy', 900],
  ['route', 40],
]

/** The steps of a deployment that began at `start`; with `failedAt` the last one failed. */
export function steps(start: string, failedAt?: Schemas['Step']): Schemas['StepRecord'][] {
  const records: Schemas['StepRecord'][] = []
  let at = Date.parse(start)
  for (const [step, took] of STEPS) {
    const failed = step === failedAt
    records.push({
      step,
      started_at: new Date(at).toISOString(),
      finished_at: new Date(at + took).toISOString(),
      outcome: failed ? 'failed' : 'succeeded',
      error: null,
    })
    if (failed) break
    at += took
  }
  return records
}

export function deployment(change: Partial<Schemas['Deployment']> = {}): Schemas['Deployment'] {
  const created = change.created_at ?? ago(30)
  const number = change.number ?? 12
  const slug = change.project_slug ?? 'shop'
  return {
    id: `dep_${slug}_${number}`,
    project_id: `prj_${slug}`,
    project_slug: slug,
    number,
    status: 'READY',
    trigger: 'webhook',
    environment: 'production',
    ref: 'main',
    commit: {
      sha: '4f2c1aa98d7be01c2f7d1e0b6a5c4d3e2f1a0b9c',
      message: 'Show delivery times in the basket',
      author: 'Grace Hopper',
      authored_at: created,
    },
    url: `http://${slug}-${number}.aether.localhost:3005`,
    live: false,
    created_at: created,
    started_at: created,
    finished_at: new Date(Date.parse(created) + 18_560).toISOString(),
    duration_ms: 18_560,
    attempt: 1,
    cancel_requested: false,
    created_by: null,
    steps: steps(created),
    plan: plan(),
    error: null,
    ...change,
  }
}

export function project(change: Partial<Schemas['Project']> = {}): Schemas['Project'] {
  const slug = change.slug ?? 'shop'
  return {
    id: `prj_${slug}`,
    slug,
    name: slug.charAt(0).toUpperCase() + slug.slice(1),
    source: 'git',
    repo_url: `https://github.com/acme/${slug}`,
    template: null,
    has_repo_credentials: false,
    branch: 'main',
    url: `http://${slug}.aether.localhost:3005`,
    root_dir: '.',
    kind: null,
    framework: null,
    install_command: null,
    build_command: null,
    start_command: null,
    output_directory: null,
    port: null,
    runtime_version: {},
    spa: null,
    health_check_path: null,
    health_check_timeout_seconds: 30,
    build_limits: { memory_mb: 2048, cpus: 2, pids: 1024, disk_mb: 10_240 },
    build_timeout_seconds: 1200,
    app_limits: { memory_mb: 512, cpus: 1, pids: 256, disk_mb: 1024 },
    replicas: 1,
    runtime: null,
    volumes: [],
    auto_deploy: true,
    access_log_percent: 0,
    watch_paths: [],
    preview_branches: [],
    preview_pull_requests: true,
    preview_max: 10,
    preview_days: 14,
    poll_minutes: 0,
    submodules: false,
    lfs: false,
    live_deployment: null,
    latest_deployment: null,
    created_at: ago(50_000),
    updated_at: ago(900),
    ...change,
  }
}

export function problem(change: Partial<Schemas['Problem']> = {}): Schemas['Problem'] {
  const code = change.code ?? 'not_found'
  return {
    type: `urn:aether:problem:${code}`,
    title: 'Not found',
    status: 404,
    code,
    detail: 'there is no such project, or it belongs to another team',
    request_id: 'req_01hx2c5z6k',
    ...change,
  }
}
