import { Tooltip as Radix } from 'radix-ui'
import type { ReactNode } from 'react'

export const TooltipProvider = Radix.Provider

export function Tooltip(props: { text: ReactNode; children: ReactNode; side?: 'top' | 'bottom' | 'right' }) {
  return (
    <Radix.Root>
      <Radix.Trigger asChild>{props.children}</Radix.Trigger>
      <Radix.Portal>
        <Radix.Content
          side={props.side ?? 'top'}
          sideOffset={6}
          collisionPadding={8}
          className="appear z-50 max-w-xs rounded-md bg-ink px-2 py-1 text-invert text-xs shadow-float"
        >
          {props.text}
        </Radix.Content>
      </Radix.Portal>
    </Radix.Root>
  )
}
