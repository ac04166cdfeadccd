// The filters of the list of deployments, as they stand in the address.

import type { Schemas } from '@/api/client'
import type { DeploymentFilter } from '@/api/queries'

export type DeploymentSearch = { status?: StatusGroup; ref?: string; trigger?: Schemas['Trigger'] }
export type StatusGroup = keyof typeof STATUSES

/** What people ask for, and the statuses that mean it. */
export const STATUSES = {
  active: 'QUEUED,BUILDING,DEPLOYING',
  ready: 'READY',
  failed: 'FAILED',
  stopped: 'CANCELLED,SUPERSEDED',
} as const

const TRIGGERS: readonly string[] = ['manual', 'webhook', 'redeploy', 'poll'] satisfies Schemas['Trigger'][]

/** What an address asks for; anything else in it is left out. */
export function deploymentSearch(search: Record<string, unknown>): DeploymentSearch {
  const { status, ref, trigger } = search
  return {
    ...(typeof status === 'string' && Object.hasOwn(STATUSES, status) && { status: status as StatusGroup }),
    // A number-like branch name is read as a number from the address.
    ...((typeof ref === 'string' || typeof ref === 'number') && ref !== '' && { ref: String(ref) }),
    ...(typeof trigger === 'string' &&
      TRIGGERS.includes(trigger) && { trigger: trigger as Schemas['Trigger'] }),
  }
}

export function deploymentFilter(search: DeploymentSearch): DeploymentFilter {
  const { status, ...rest } = search
  return { ...rest, ...(status && { status: STATUSES[status] }) }
}
