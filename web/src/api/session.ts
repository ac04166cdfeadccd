// Who is signed in. The access token lives in this module's memory only; a new page gets one with the refresh cookie,
// which scripts cannot read.
//
// The refresh secret changes at every use and an old one ends the session, so only one tab at a time may use it: within a
// tab one promise is shared, between tabs the Web Locks API takes turns.

import { forgetEarly, takeEarly } from './early'
import type { components } from './schema.gen'

export type User = components['schemas']['User']
export type Session = { token: string; user: User }

type State = { known: false } | { known: true; session: Session | null }

const REFRESH = '/api/v1/auth/refresh'
const LOCK = 'aether-refresh'
const CHANNEL = 'aether-session'
const RETRY_MS = 700

let state: State = { known: false }
let refreshing: Promise<Session | null> | null = null
const listeners = new Set<() => void>()
const channel = typeof BroadcastChannel === 'undefined' ? null : new BroadcastChannel(CHANNEL)

channel?.addEventListener('message', () => set(null))

export function subscribe(listener: () => void): () => void {
  listeners.add(listener)
  return () => listeners.delete(listener)
}

export function currentSession(): Session | null {
  return state.known ? state.session : null
}

/** The session of this browser, asked for once. Rejects when the service cannot be reached. */
export async function ensureSession(): Promise<Session | null> {
  return state.known ? state.session : refreshSession()
}

export function signedIn(session: Session): void {
  set(session)
}

/** After the sign-out call; other tabs follow. */
export function signedOut(): void {
  set(null)
  channel?.postMessage('signed-out')
}

/** Puts changed account data beside the token. */
export function updateUser(user: User): void {
  if (state.known && state.session) set({ ...state.session, user })
}

/** A new access token by the cookie; null when nobody is signed in. */
export function refreshSession(): Promise<Session | null> {
  refreshing ??= takeTurn(requestSession).finally(() => {
    refreshing = null
  })
  return refreshing
}

async function requestSession(): Promise<Session | null> {
  const response = await askForSession().catch(async () => {
    // One lost packet need not look like an outage. The service knows a secret that was exchanged a moment ago.
    await new Promise((resolve) => setTimeout(resolve, RETRY_MS))
    return askForSession()
  })
  if (response.status === 401 || response.status === 403) {
    set(null)
    return null
  }
  if (!response.ok) throw await response.json()
  const body = (await response.json()) as components['schemas']['SignedIn']
  const session = { token: body.access_token, user: body.user }
  set(session)
  return session
}

function askForSession(): Promise<Response> {
  const early = takeEarly(REFRESH)
  if (early) return early
  return fetch(REFRESH, { method: 'POST', credentials: 'same-origin' })
}

async function takeTurn(work: () => Promise<Session | null>): Promise<Session | null> {
  // Locks exist on secure origins only; on plain HTTP the single-flight promise has to do.
  return navigator.locks ? await navigator.locks.request(LOCK, work) : work()
}

function set(session: Session | null): void {
  if (!session) forgetEarly()
  state = { known: true, session }
  for (const listener of listeners) listener()
}
