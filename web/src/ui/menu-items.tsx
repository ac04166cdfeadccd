// What stands in a menu. Pages name these; their substance is the library's, which the open menu hands in.
import type * as Library from '@radix-ui/react-menu'
import { type ComponentProps, createContext, type ReactNode, use } from 'react'
import { cn } from '@/lib/cn'

/** The library's parts, inside of a menu that has opened. */
export const MenuParts = createContext<typeof Library | null>(null)

const ITEM =
  'flex w-full select-none items-center gap-2.5 rounded-md px-2.5 py-1.5 text-sm outline-none pointer-coarse:py-2.5 data-[disabled]:text-ink-3 data-[highlighted]:bg-hover [&>svg]:size-4 [&>svg]:text-ink-3'

export function MenuItem({
  danger,
  className,
  ...rest
}: ComponentProps<typeof Library.Item> & { danger?: boolean }) {
  const { Item } = useParts()
  return <Item className={cn(ITEM, danger && 'text-bad [&>svg]:text-bad', className)} {...rest} />
}

export function MenuSeparator() {
  const { Separator } = useParts()
  return <Separator className="my-1 h-px bg-line" />
}

export function MenuLabel({ children }: { children: ReactNode }) {
  const { Label } = useParts()
  return <Label className="px-2.5 py-1.5 text-ink-3 text-xs">{children}</Label>
}

export function MenuRadioGroup(props: ComponentProps<typeof Library.RadioGroup>) {
  const { RadioGroup } = useParts()
  return <RadioGroup {...props} />
}

export function MenuRadioItem({ children, ...rest }: ComponentProps<typeof Library.RadioItem>) {
  const { RadioItem, ItemIndicator } = useParts()
  return (
    <RadioItem className={ITEM} {...rest}>
      {children}
      <ItemIndicator className="ml-auto size-1.5 rounded-full bg-accent" />
    </RadioItem>
  )
}

function useParts(): typeof Library {
  const parts = use(MenuParts)
  if (!parts) throw new Error('an entry of a menu stands outside of one')
  return parts
}
