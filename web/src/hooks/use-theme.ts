// The theme: the system's, or the one chosen. `public/first.js` reads the same key before the first paint.

import { useSyncExternalStore } from 'react'

export type ThemeChoice = 'system' | 'light' | 'dark'

const KEY = 'aether-theme'
const listeners = new Set<() => void>()
const systemDark = typeof matchMedia === 'undefined' ? null : matchMedia('(prefers-color-scheme: dark)')

systemDark?.addEventListener('change', paint)

export function useTheme(): [ThemeChoice, (choice: ThemeChoice) => void] {
  return [useSyncExternalStore(subscribe, choice), choose]
}

function choice(): ThemeChoice {
  try {
    const stored = localStorage.getItem(KEY)
    return stored === 'light' || stored === 'dark' ? stored : 'system'
  } catch {
    return 'system'
  }
}

function choose(next: ThemeChoice): void {
  try {
    localStorage.setItem(KEY, next)
  } catch {
    // Storage may be blocked; then the system's theme stays.
  }
  paint()
  for (const listener of listeners) listener()
}

function paint(): void {
  const chosen = choice()
  const dark = chosen === 'dark' || (chosen === 'system' && systemDark?.matches === true)
  document.documentElement.dataset.theme = dark ? 'dark' : 'light'
}

function subscribe(listener: () => void): () => void {
  listeners.add(listener)
  return () => listeners.delete(listener)
}
