// The part of a menu that opens: its library is loaded with this module. Not modal: the modal variant injects a <style> to
// lock the scroll, which the content security policy refuses.
import * as Library from '@radix-ui/react-menu'
import { type ReactNode, type RefObject, useRef } from 'react'
import { MenuParts } from './menu-items'

export type MenuPanelProps = {
  id: string
  trigger: RefObject<HTMLButtonElement | null>
  open: boolean
  onOpenChange: (open: boolean) => void
  align: 'start' | 'end'
  label: string | undefined
  children: ReactNode
}

export function MenuPanel({ trigger, open, onOpenChange, ...props }: MenuPanelProps) {
  const movedOn = useRef(false)
  // Inside of the page's main part, so that it belongs to a landmark; over a modal, whose outside is inert, inside of that.
  const container = trigger.current?.closest('dialog') ?? document.querySelector('main')
  return (
    <MenuParts value={Library}>
      <Library.Root modal={false} open={open} onOpenChange={onOpenChange}>
        <Library.Anchor virtualRef={trigger} />
        <Library.Portal container={container}>
          <Library.Content
            id={props.id}
            align={props.align}
            sideOffset={6}
            collisionPadding={8}
            aria-label={props.label}
            className="appear z-50 min-w-48 max-w-[90vw] rounded-lg border border-line bg-surface p-1 shadow-float"
            onInteractOutside={(event) => {
              // The button closes the menu itself; closing it here as well would let the button open it again.
              if (trigger.current?.contains(event.target as Node)) event.preventDefault()
              else movedOn.current = true
            }}
            onCloseAutoFocus={(event) => {
              event.preventDefault()
              if (!movedOn.current) trigger.current?.focus()
              movedOn.current = false
            }}
          >
            {props.children}
          </Library.Content>
        </Library.Portal>
      </Library.Root>
    </MenuParts>
  )
}
