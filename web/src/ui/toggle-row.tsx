import { type ReactNode, useId } from 'react'
import { Switch } from './switch'

/** A switch with its name and what it does. */
export function ToggleRow(props: {
  title: string
  children: ReactNode
  checked: boolean
  disabled?: boolean
  onChange: (on: boolean) => void
}) {
  const id = useId()
  return (
    <div className="flex items-center justify-between gap-4">
      <div>
        <p id={id} className="font-medium text-[13px]">
          {props.title}
        </p>
        <p id={`${id}-about`} className="mt-0.5 text-[13px] text-ink-3">
          {props.children}
        </p>
      </div>
      <Switch
        aria-labelledby={id}
        aria-describedby={`${id}-about`}
        checked={props.checked}
        disabled={props.disabled}
        onCheckedChange={props.onChange}
      />
    </div>
  )
}
