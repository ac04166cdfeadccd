// Short messages in the corner, spoken by screen readers. `toast()` may be called from anywhere; what shows them is loaded
// after the page.

import { useSyncExternalStore } from 'react'
import { useIdle } from '@/hooks/use-idle'
import { useModule } from '@/hooks/use-module'

const MAX_SHOWN = 3
/** Nothing is there to be told before the page itself. */
const AFTER_PAGE_MS = 3000

const loadCards = () => import('./toast-cards')

export type Message = {
  id: number
  tone: 'ok' | 'bad'
  title: string
  detail?: string | undefined
  action?: { label: string; run: () => void } | undefined
}

let messages: readonly Message[] = []
let nextId = 1
const listeners = new Set<() => void>()

function publish(next: readonly Message[]) {
  messages = next
  for (const listener of listeners) listener()
}

export function toast(message: Omit<Message, 'id' | 'tone'> & { tone?: Message['tone'] }) {
  publish([...messages, { tone: 'ok' as const, ...message, id: nextId++ }].slice(-MAX_SHOWN))
}

function subscribe(listener: () => void) {
  listeners.add(listener)
  return () => listeners.delete(listener)
}

export function Toaster() {
  const shown = useSyncExternalStore(subscribe, () => messages)
  const idle = useIdle(AFTER_PAGE_MS)
  const cards = useModule(loadCards, (idle || shown.length > 0) && shown)
  if (!cards) return null
  return (
    <cards.ToastCards
      messages={shown}
      onGone={(gone) => publish(messages.filter((message) => message.id !== gone.id))}
    />
  )
}
