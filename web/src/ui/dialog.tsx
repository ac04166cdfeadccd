// A modal on the platform's <dialog>: focus trap, Escape, inert background and top layer come with it. (Libraries inject a
// <style> to lock the scroll, which the content security policy refuses.)
import { X } from 'lucide-react'
import { type ReactNode, useEffect, useId, useRef } from 'react'
import { cn } from '@/lib/cn'
import { Button } from './button'

const PLACES = {
  centre: 'm-auto w-[min(92vw,32rem)] rounded-card appear',
  wide: 'm-auto w-[min(94vw,48rem)] rounded-card appear',
  top: 'mx-auto mt-[12vh] w-[min(94vw,38rem)] rounded-card appear',
  side: 'm-0 h-dvh max-h-none w-72 rounded-r-card',
} as const

const FIELD = 'input:not([type=hidden], [type=radio], [type=checkbox]), textarea, select'

type DialogProps = {
  open: boolean
  onOpenChange: (open: boolean) => void
  title: string
  description?: ReactNode
  place?: keyof typeof PLACES
  /** The title is for screen readers only. */
  bare?: boolean
  children: ReactNode
}

export function Dialog({ open, onOpenChange, place = 'centre', ...rest }: DialogProps) {
  const element = useRef<HTMLDialogElement>(null)
  useEffect(() => {
    if (!open || !element.current || element.current.open) return
    element.current.showModal()
    // The platform begins with the first button, which closes; whoever opens a form wants to type.
    element.current.querySelector<HTMLElement>(FIELD)?.focus()
  }, [open])
  if (!open) return null
  return (
    // biome-ignore lint/a11y/useKeyWithClickEvents: a click on the backdrop; Escape is the platform's.
    <dialog
      ref={element}
      aria-labelledby={undefined}
      aria-label={rest.title}
      className={cn(
        'overflow-hidden border border-line bg-surface p-0 text-left text-ink shadow-float',
        PLACES[place],
      )}
      onClose={() => onOpenChange(false)}
      onClick={(event) => event.target === element.current && onOpenChange(false)}
    >
      <Panel {...rest} close={() => onOpenChange(false)} />
    </dialog>
  )
}

function Panel(props: Omit<DialogProps, 'open' | 'onOpenChange' | 'place'> & { close: () => void }) {
  const title = useId()
  if (props.bare) return <div className="h-full">{props.children}</div>
  return (
    <div className="flex max-h-[85dvh] flex-col">
      <header className="flex items-start gap-4 px-5 pt-5">
        <div className="min-w-0 flex-1">
          <h2 id={title} className="font-semibold text-base">
            {props.title}
          </h2>
          {props.description && <p className="mt-1 text-ink-2 text-sm">{props.description}</p>}
        </div>
        <Button variant="ghost" size="icon" className="-mt-1 -mr-2" aria-label="Close" onClick={props.close}>
          <X className="size-4" />
        </Button>
      </header>
      <div className="min-h-0 overflow-y-auto p-5">{props.children}</div>
    </div>
  )
}

export function DialogActions({ children }: { children: ReactNode }) {
  return <div className="mt-6 flex flex-wrap justify-end gap-2">{children}</div>
}
