import { Switch as Radix } from 'radix-ui'
import type { ComponentProps } from 'react'

export function Switch(props: ComponentProps<typeof Radix.Root>) {
  return (
    <Radix.Root
      className="relative h-6 w-10.5 shrink-0 rounded-full border border-line-strong bg-raised p-0.5 transition-colors data-[state=checked]:border-accent-strong data-[state=checked]:bg-accent-strong pointer-coarse:after:absolute pointer-coarse:after:-inset-2.5"
      {...props}
    >
      <Radix.Thumb className="block size-4.5 rounded-full bg-ink-2 transition-transform data-[state=checked]:translate-x-4.5 data-[state=checked]:bg-white" />
    </Radix.Root>
  )
}
