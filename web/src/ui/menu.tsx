// A menu behind a button. Not modal: the modal variant injects a <style> to lock the scroll.
import { DropdownMenu } from 'radix-ui'
import { type ComponentProps, type ReactNode, useRef, useState } from 'react'
import { cn } from '@/lib/cn'

const ITEM =
  'flex w-full select-none items-center gap-2.5 rounded-md px-2.5 py-1.5 text-sm outline-none pointer-coarse:py-2.5 data-[disabled]:text-ink-3 data-[highlighted]:bg-hover [&>svg]:size-4 [&>svg]:text-ink-3'

export function Menu(props: {
  trigger: ReactNode
  children: ReactNode
  align?: 'start' | 'end'
  label?: string
}) {
  const trigger = useRef<HTMLButtonElement>(null)
  const [container, setContainer] = useState<Element | null>(null)
  // Inside of the page's main part, so that it belongs to a landmark; over a modal, whose outside is inert, inside of that.
  const place = () => setContainer(trigger.current?.closest('dialog') ?? document.querySelector('main'))
  return (
    <DropdownMenu.Root modal={false} onOpenChange={(open) => open && place()}>
      <DropdownMenu.Trigger asChild ref={trigger}>
        {props.trigger}
      </DropdownMenu.Trigger>
      <DropdownMenu.Portal container={container}>
        <DropdownMenu.Content
          align={props.align ?? 'end'}
          sideOffset={6}
          collisionPadding={8}
          aria-label={props.label}
          className="appear z-50 min-w-48 max-w-[90vw] rounded-lg border border-line bg-surface p-1 shadow-float"
        >
          {props.children}
        </DropdownMenu.Content>
      </DropdownMenu.Portal>
    </DropdownMenu.Root>
  )
}

export function MenuItem({
  danger,
  className,
  ...rest
}: ComponentProps<typeof DropdownMenu.Item> & { danger?: boolean }) {
  return (
    <DropdownMenu.Item className={cn(ITEM, danger && 'text-bad [&>svg]:text-bad', className)} {...rest} />
  )
}

export function MenuSeparator() {
  return <DropdownMenu.Separator className="my-1 h-px bg-line" />
}

export function MenuLabel({ children }: { children: ReactNode }) {
  return <DropdownMenu.Label className="px-2.5 py-1.5 text-ink-3 text-xs">{children}</DropdownMenu.Label>
}

export const MenuRadioGroup = DropdownMenu.RadioGroup

export function MenuRadioItem({ children, ...rest }: ComponentProps<typeof DropdownMenu.RadioItem>) {
  return (
    <DropdownMenu.RadioItem className={ITEM} {...rest}>
      {children}
      <DropdownMenu.ItemIndicator className="ml-auto size-1.5 rounded-full bg-accent" />
    </DropdownMenu.RadioItem>
  )
}
