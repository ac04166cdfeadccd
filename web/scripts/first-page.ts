// Vite's part of a fast first page: `public/first.js` under a name that may be kept for ever, and beside it what belongs to
// which address, so that a browser asks for it together with the app.
import { readFileSync } from 'node:fs'
import type { Plugin, Rolldown } from 'vite'

const DEPLOYMENTS = '/api/v1/projects/$1/deployments?limit=25'
const TRAFFIC = '/api/v1/projects/$1/traffic?range=hour'
const DOMAINS = '/api/v1/projects/$1/domains'
const CHANGES = '/api/v1/deployments/$1/changes'

/**
 * Pages that people open by their address, the modules they are made of (src/routes/router.tsx), and what they ask the API
 * first (src/api/queries.ts). A request that differs from the page's own is only made in vain.
 */
const PAGES: [address: RegExp, modules: string[], requests: string[]][] = [
  [/^\/(?!login|setup|register)/, [], ['/api/v1/projects?limit=100']],
  [/^\/projects\/([^/]+)/, ['project/project-layout'], ['/api/v1/projects/$1']],
  [/^\/projects\/([^/]+)\/?$/, ['project/overview-page'], [DEPLOYMENTS, TRAFFIC, DOMAINS]],
  [/^\/projects\/([^/]+)\/deployments\/?$/, ['deployments/deployments-page'], [DEPLOYMENTS]],
  [
    /^\/projects\/[^/]+\/deployments\/([^/]+)/,
    ['deployments/deployment-page', 'deployments/deployment-log'],
    ['/api/v1/deployments/$1', CHANGES],
  ],
  [/^\/projects\/[^/]+\/logs/, ['logs/runtime-logs-page'], []],
  [/^\/projects\/[^/]+\/settings/, ['settings/settings-layout'], []],
  [/^\/new/, ['new-project/new-project-page'], []],
  [/^\/login/, ['auth/login-page'], []],
]
const SCRIPT = 'first.js'

export function firstPage(): Plugin {
  return {
    name: 'first-page',
    apply: 'build',
    buildStart() {
      this.emitFile({ type: 'asset', name: SCRIPT, source: readFileSync(`public/${SCRIPT}`) })
    },
    transformIndexHtml: {
      order: 'post',
      handler(html, { bundle = {} }) {
        const files = Object.values(bundle)
        const script = files.find((file) => file.type === 'asset' && file.names.includes(SCRIPT))
        const pages = PAGES.map(([address, modules, requests]) => [
          address.source,
          filesOf(modules, files),
          requests,
        ])
        const tag = `<script src="/${SCRIPT}"></script>`
        if (!script || !html.includes(tag)) throw new Error(`index.html does not name ${SCRIPT}`)
        const kept = tag.replace(SCRIPT, script.fileName)
        // Styles come first: with them there is something to see.
        const late = html.replaceAll(
          /<(script type="module"|link rel="modulepreload")/g,
          '<$1 fetchpriority="low"',
        )
        return late.replace(
          tag,
          `<script type="application/json">${JSON.stringify(pages)}</script>\n    ${kept}`,
        )
      },
    },
  }
}

type Files = (Rolldown.OutputChunk | Rolldown.OutputAsset)[]

/** Addresses of the scripts that modules need, without what index.html itself loads. */
function filesOf(modules: string[], files: Files): string[] {
  const chunks = files.filter((file) => file.type === 'chunk')
  const chunk = (name: string) => chunks.find((one) => one.fileName === name)
  const reach = (from: Rolldown.OutputChunk, found: Set<string>): Set<string> => {
    if (found.has(from.fileName)) return found
    found.add(from.fileName)
    for (const name of from.imports) {
      const next = chunk(name)
      if (next) reach(next, found)
    }
    return found
  }
  const first = new Set<string>()
  for (const one of chunks) if (one.isEntry) reach(one, first)
  const needed = new Set<string>()
  for (const module of modules) {
    const page = chunks.find((one) => one.facadeModuleId?.includes(`/src/pages/${module}.`))
    if (!page) throw new Error(`no script is made of ${module}`)
    reach(page, needed)
  }
  return [...needed].filter((name) => !first.has(name)).map((name) => `/${name}`)
}
