import { LoaderCircle } from 'lucide-react'
import { Slot } from 'radix-ui'
import type { ComponentProps } from 'react'
import { cn } from '@/lib/cn'

const VARIANTS = {
  primary: 'bg-ink text-invert hover:opacity-85',
  secondary: 'border border-line-strong bg-surface text-ink hover:bg-hover',
  ghost: 'text-ink-2 hover:bg-hover hover:text-ink',
  danger: 'bg-bad-strong text-white hover:opacity-90',
} as const

/** Larger where a finger points. */
const SIZES = {
  sm: 'h-8 px-2.5 text-[13px] gap-1.5 pointer-coarse:h-10',
  md: 'h-9.5 px-3.5 text-sm gap-2 pointer-coarse:h-11',
  icon: 'size-8 shrink-0 pointer-coarse:size-10',
} as const

export type ButtonProps = ComponentProps<'button'> & {
  variant?: keyof typeof VARIANTS
  size?: keyof typeof SIZES
  /** Work is under way: the button keeps its width and takes no second click. */
  loading?: boolean
  /** Gives the looks to the one child, a link for example. */
  asChild?: boolean
}

export function Button({
  variant = 'secondary',
  size = 'md',
  loading = false,
  asChild = false,
  className,
  disabled,
  children,
  ...rest
}: ButtonProps) {
  const looks = cn(
    'relative inline-flex select-none items-center justify-center whitespace-nowrap rounded-control font-medium transition-[background-color,opacity] disabled:opacity-50',
    VARIANTS[variant],
    SIZES[size],
    className,
  )
  if (asChild)
    return (
      <Slot.Root className={looks} {...rest}>
        {children}
      </Slot.Root>
    )
  return (
    <button type="button" className={looks} disabled={disabled || loading} aria-busy={loading} {...rest}>
      {loading && <LoaderCircle aria-hidden className="absolute size-4 animate-spin" />}
      <span className={cn('contents', loading && '[&>*]:invisible text-transparent')}>{children}</span>
    </button>
  )
}
