// A labelled form control. The control itself is the one child and gets its id and description from here.
import { type ComponentProps, cloneElement, type ReactElement, type ReactNode, useId } from 'react'
import { cn } from '@/lib/cn'

type ControlProps = { id?: string; 'aria-describedby'?: string; 'aria-invalid'?: boolean }

export function Field(props: {
  label: ReactNode
  hint?: ReactNode
  error?: string | undefined
  className?: string
  children: ReactElement<ControlProps>
}) {
  const id = useId()
  const described = props.error || props.hint ? `${id}-about` : undefined
  return (
    <div className={cn('flex flex-col gap-1.5', props.className)}>
      <label htmlFor={id} className="font-medium text-[13px]">
        {props.label}
      </label>
      {cloneElement(props.children, {
        id,
        ...(described && { 'aria-describedby': described }),
        ...(props.error && { 'aria-invalid': true }),
      })}
      {described && (
        <p id={described} className={cn('text-[13px]', props.error ? 'text-bad' : 'text-ink-3')}>
          {props.error ?? props.hint}
        </p>
      )}
    </div>
  )
}

export function Input({ className, ...rest }: ComponentProps<'input'>) {
  return <input className={cn('control text-sm', className)} {...rest} />
}

export function Textarea({ className, ...rest }: ComponentProps<'textarea'>) {
  return <textarea className={cn('control h-auto! py-2 text-sm', className)} {...rest} />
}
