import { CircleAlert, CircleCheck, X } from 'lucide-react'
import { Toast as Radix } from 'radix-ui'
import { Button } from './button'
import { Prose } from './prose'
import type { Message } from './toast'

/** Long enough to read and to reach for "Undo". */
const SHOWN_MS = 7000

export function ToastCards(props: { messages: readonly Message[]; onGone: (message: Message) => void }) {
  return (
    <Radix.Provider duration={SHOWN_MS} swipeDirection="right">
      {props.messages.map((message) => (
        <ToastCard key={message.id} message={message} onGone={() => props.onGone(message)} />
      ))}
      <Radix.Viewport className="fixed right-0 bottom-0 z-50 flex w-[min(100vw,24rem)] flex-col gap-2 p-4 outline-none" />
    </Radix.Provider>
  )
}

function ToastCard({ message, onGone }: { message: Message; onGone: () => void }) {
  const Icon = message.tone === 'ok' ? CircleCheck : CircleAlert
  return (
    <Radix.Root
      onOpenChange={(open) => !open && onGone()}
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
