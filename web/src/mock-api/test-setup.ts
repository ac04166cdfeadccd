// Component tests talk to the same mock backend as `npm run dev:mock`, each test to a fresh one.

import '@testing-library/jest-dom/vitest'
import { cleanup, configure } from '@testing-library/react'
import { setupServer } from 'msw/node'
import { afterAll, afterEach, beforeAll, beforeEach } from 'vitest'
import { queryClient } from '@/api/client'
import { signedIn } from '@/api/session'
import { user } from './examples'
import { handlers } from './handlers'
import { world } from './world'

export const backend = setupServer()

beforeAll(() => {
  // Pages are loaded when they are visited, and the machine may be busy.
  configure({ asyncUtilTimeout: 8000 })
  fillGapsOfJsdom()
  backend.listen({ onUnhandledRequest: 'error' })
})

beforeEach(() => {
  sessionStorage.clear()
  localStorage.clear()
  backend.use(...handlers(world()))
  signedIn({ token: 'test.access.token', user: user() })
})

afterEach(() => {
  cleanup()
  queryClient.clear()
  backend.resetHandlers()
})

afterAll(() => backend.close())

/** What the pages need and jsdom does not have: it draws nothing. */
function fillGapsOfJsdom(): void {
  window.scrollTo = () => {}
  // The log viewer shows as many rows as fit.
  Object.defineProperty(Element.prototype, 'clientHeight', { configurable: true, value: 600 })
  Object.defineProperty(Element.prototype, 'clientWidth', { configurable: true, value: 800 })
  window.matchMedia ??= (query) =>
    Object.assign(new EventTarget(), { matches: false, media: query }) as MediaQueryList
  globalThis.ResizeObserver ??= class {
    observe() {}
    unobserve() {}
    disconnect() {}
  }
  globalThis.IntersectionObserver ??= class {
    readonly root = null
    readonly rootMargin = ''
    readonly scrollMargin = ''
    readonly thresholds = []
    observe() {}
    unobserve() {}
    disconnect() {}
    takeRecords = () => []
  }
  HTMLDialogElement.prototype.showModal ??= function showModal(this: HTMLDialogElement) {
    this.open = true
  }
  Element.prototype.scrollIntoView ??= () => {}
  Element.prototype.hasPointerCapture ??= () => false
}
