// Starts the mock backend in the browser (`npm run dev:mock`). The address chooses a scene: `?mock=fresh`, `empty`,
// `crowded`, `long-log`, `trouble`, `building`, `domains`; it is remembered in the tab.

import { setupWorker } from 'msw/browser'
import { handlers } from './handlers'
import { everyDomain } from './handlers-domains'
import { startBuild } from './live-build'
import { crowded, longLog, type World, world } from './world'

const SCENE = 'mock-scene'

const SCENES: Record<string, (world: World) => void> = {
  fresh: (it) => {
    it.needsOwner = true
    it.signedIn = false
    it.projects = []
    it.deployments = []
  },
  empty: (it) => {
    it.projects = []
    it.deployments = []
  },
  crowded: (it) => {
    it.projects = crowded(500)
  },
  'long-log': (it) => {
    it.logs.set('dep_shop_12', longLog(100_000))
  },
  trouble: (it) => {
    it.system = { ...it.system, redis: 'down', redis_version: null, workers: null, proxies: [] }
  },
  building: (it) => {
    const docs = it.projects.find((one) => one.slug === 'docs')
    if (docs) startBuild(it, docs, {})
  },
  domains: (it) => {
    it.domains.set('shop', everyDomain())
    it.system = { ...it.system, apps_domain: 'apps.example.com' }
  },
}

export async function startMock(): Promise<void> {
  const scene = new URLSearchParams(location.search).get('mock') ?? sessionStorage.getItem(SCENE) ?? ''
  sessionStorage.setItem(SCENE, scene)
  const it = world()
  SCENES[scene]?.(it)
  await setupWorker(...handlers(it)).start({ onUnhandledRequest: 'bypass', quiet: true })
}
