// A deployment of the mock that really goes through its steps, line by line, some seconds long.

import type { Schemas } from '@/api/client'
import { ago, plan } from './examples'
import { BUILD } from './log-lines'
import type { World } from './world'

const LINE_MS = 550

type Deployment = Schemas['Deployment']

/** Queues a deployment and builds it in the background. */
export function startBuild(
  world: World,
  project: Schemas['Project'],
  change: Partial<Deployment>,
): Deployment {
  const number = Math.max(0, ...of(world, project.slug).map((one) => one.number)) + 1
  const created: Deployment = {
    id: `dep_${project.slug}_${number}`,
    project_id: project.id,
    project_slug: project.slug,
    number,
    status: 'QUEUED',
    trigger: 'manual',
    environment: 'production',
    ref: project.branch ?? 'HEAD',
    commit: null,
    url: `http://${project.slug}-${number}.aether.localhost:3005`,
    live: false,
    created_at: ago(0),
    started_at: null,
    finished_at: null,
    duration_ms: null,
    attempt: 1,
    cancel_requested: false,
    created_by: null,
    steps: [],
    plan: null,
    error: null,
    ...change,
  }
  world.deployments.unshift(created)
  world.logs.set(created.id, [])
  update(world, created)
  void run(world, created.id)
  return created
}

/** Puts a deployment into the world, and its project's two pointers right. */
export function update(world: World, next: Deployment): void {
  world.deployments = world.deployments.map((one) => {
    if (one.id === next.id) return next
    return next.live && one.project_slug === next.project_slug ? { ...one, live: false } : one
  })
  world.projects = world.projects.map((project) => {
    if (project.slug !== next.project_slug) return project
    const all = of(world, project.slug)
    return {
      ...project,
      latest_deployment: all[0] ?? null,
      live_deployment: all.find((one) => one.live) ?? null,
    }
  })
}

async function run(world: World, id: string): Promise<void> {
  const current = () => world.deployments.find((one) => one.id === id)
  for (const [index, [step, stream, text]] of BUILD.entries()) {
    await new Promise((resolve) => setTimeout(resolve, LINE_MS))
    const one = current()
    if (!one) return
    if (one.cancel_requested) return finish(world, one, 'CANCELLED')
    world.logs.get(id)?.push({ seq: index + 1, at: ago(0), step, stream, text })
    update(world, progressed(one, step))
  }
  const done = current()
  if (done) finish(world, done, 'READY')
}

function progressed(one: Deployment, step: Schemas['Step']): Deployment {
  const steps = one.steps.map((record) => (record.step === step ? record : end(record, 'succeeded')))
  if (!steps.some((record) => record.step === step)) {
    steps.push({ step, started_at: ago(0), finished_at: null, outcome: null, error: null })
  }
  return {
    ...one,
    steps,
    status: step === 'deploy' || step === 'route' ? 'DEPLOYING' : 'BUILDING',
    started_at: one.started_at ?? ago(0),
    plan: step === 'clone' ? one.plan : (one.plan ?? plan()),
    commit: one.commit ?? {
      sha: '9c3e7710aa42',
      message: 'Greet returning visitors',
      author: 'Ada Lovelace',
      authored_at: ago(3),
    },
  }
}

function finish(world: World, one: Deployment, status: 'READY' | 'CANCELLED'): void {
  const ready = status === 'READY'
  update(world, {
    ...one,
    status,
    live: ready,
    finished_at: ago(0),
    duration_ms: Date.now() - Date.parse(one.started_at ?? one.created_at),
    steps: one.steps.map((record) => end(record, ready ? 'succeeded' : 'cancelled')),
  })
}

function end(record: Schemas['StepRecord'], outcome: Schemas['StepOutcome']): Schemas['StepRecord'] {
  return record.finished_at ? record : { ...record, finished_at: ago(0), outcome }
}

function of(world: World, slug: string): Deployment[] {
  return world.deployments.filter((one) => one.project_slug === slug)
}
