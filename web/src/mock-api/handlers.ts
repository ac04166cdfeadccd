// The mock backend: every path and answer is checked against openapi.json by the compiler.

import type { RequestHandler } from 'msw'
import { accountHandlers } from './handlers-account'
import { deploymentHandlers } from './handlers-deployments'
import { domainHandlers } from './handlers-domains'
import { githubHandlers } from './handlers-github'
import { logHandlers } from './handlers-logs'
import { ownAccountHandlers } from './handlers-own-account'
import { projectHandlers } from './handlers-projects'
import { settingsHandlers } from './handlers-settings'
import { sourceHandlers } from './handlers-sources'
import { templateHandlers } from './handlers-templates'
import { trafficHandlers } from './handlers-traffic'
import type { World } from './world'

export function handlers(world: World): RequestHandler[] {
  return [
    ...accountHandlers(world),
    ...ownAccountHandlers(world),
    ...templateHandlers(),
    ...githubHandlers(world),
    ...projectHandlers(world),
    ...deploymentHandlers(world),
    ...logHandlers(world),
    ...settingsHandlers(world),
    ...domainHandlers(world),
    ...sourceHandlers(world),
    ...trafficHandlers(world),
  ]
}
