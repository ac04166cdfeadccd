// A menu behind a button. The button is light and on every page; what opens comes with its library when somebody points at
// the button or reaches it by keyboard.
import { Slot } from 'radix-ui'
import { type KeyboardEvent, type ReactNode, useId, useReducer, useRef, useState } from 'react'
import { useModule } from '@/hooks/use-module'
import type { MenuPanelProps } from './menu-panel'

export * from './menu-items'

const loadPanel = () => import('./menu-panel')

export function Menu(props: {
  trigger: ReactNode
  children: ReactNode
  align?: MenuPanelProps['align']
  label?: string
}) {
  const trigger = useRef<HTMLButtonElement>(null)
  const id = useId()
  const [wanted, want] = useReducer((times: number) => times + 1, 0)
  const panel = useModule(loadPanel, wanted)
  const [open, setOpen] = useState(false)
  const change = (next: boolean) => {
    want()
    setOpen(next)
  }
  const onKeyDown = (event: KeyboardEvent) => {
    if (event.key !== 'ArrowDown') return
    event.preventDefault()
    change(true)
  }
  return (
    <>
      <Slot.Root
        ref={trigger}
        aria-haspopup="menu"
        aria-expanded={open}
        aria-controls={open ? id : undefined}
        data-state={open ? 'open' : 'closed'}
        onPointerEnter={want}
        onFocus={want}
        onClick={() => change(!open)}
        onKeyDown={onKeyDown}
      >
        {props.trigger}
      </Slot.Root>
      {panel && (
        <panel.MenuPanel
          id={id}
          trigger={trigger}
          open={open}
          onOpenChange={setOpen}
          align={props.align ?? 'end'}
          label={props.label}
        >
          {props.children}
        </panel.MenuPanel>
      )}
    </>
  )
}
