import { useSyncExternalStore } from 'react'
import { currentSession, type Session, subscribe, type User } from '@/api/session'

export function useSession(): Session | null {
  return useSyncExternalStore(subscribe, currentSession)
}

const ROLES = ['viewer', 'member', 'owner'] as const

/** What the signed-in person may do; the API decides, this keeps dead buttons off the page. */
export function useRights(): { user: User | null; canDeploy: boolean; canWrite: boolean } {
  const user = useSession()?.user ?? null
  const level = user ? ROLES.indexOf(user.role) : -1
  return { user, canDeploy: level >= ROLES.indexOf('member'), canWrite: level >= ROLES.indexOf('owner') }
}
