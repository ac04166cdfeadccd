// Short messages in the corner, spoken by screen readers. `toast()` may be called from anywhere.

import { CircleAlert, CircleCheck, X } from 'lucide-react'
import { Toast as Radix } from 'radix-ui'
import { useSyncExternalStore } from 'react'
import { Button } from './button'
import { Prose } from './prose'

/** Long enough to read and to reach for "Undo". */
const SHOWN_MS = 7000
const MAX_SHOWN = 3

type Message = {
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
  return (
    <Radix.Provider duration={SHOWN_MS} swipeDirection="right">
      {shown.map((message) => (
        <ToastCard key={message.id} message={message} />
      ))}
      <Radix.Viewport className="fixed right-0 bottom-0 z-50 flex w-[min(100vw,24rem)] flex-col gap-2 p-4 outline-none" />
    </Radix.Provider>
  )
}

function ToastCard({ message }: { message: Message }) {
  const Icon = message.tone === 'ok' ? CircleCheck : CircleAlert
  const gone = (open: boolean) => !open && publish(messages.filter((other) => other.id !== message.id))
  return (
    <Radix.Root
      onOpenChange={gone}
      className="appear flex items-start gap-3 rounded-lg border border-line-strong bg-raised p-3 shadow-float"
    >
      <Icon
        aria-hidden
        className={`mt-0.5 size-4 shrink-0 ${message.tone === 'ok' ? 'text-ok' : 'text-bad'}`}
      />
      <div className="min-w-0 flex-1 text-sm">
        <Radix.Title className="font-medium">{message.title}</Radix.Title>
        {message.detail && (
          <Radix.Description className="mt-0.5 break-words text-ink-2">
            <Prose>{message.detail}</Prose>
          </Radix.Description>
        )}
      </div>
      {message.action && (
        <Radix.Action asChild altText={message.action.label} onClick={message.action.run}>
          <Button size="sm">{message.action.label}</Button>
        </Radix.Action>
      )}
      <Radix.Close
        aria-label="Dismiss"
        className="rounded p-1 text-ink-3 hover:text-ink pointer-coarse:-m-1.5 pointer-coarse:p-2.5"
      >
        <X className="size-4" />
      </Radix.Close>
    </Radix.Root>
  )
}
