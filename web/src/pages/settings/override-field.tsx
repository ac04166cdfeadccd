// A setting that detection decides unless somebody overrides it: a switch, and the field that the switch opens.

import { useId } from 'react'
import { Input } from '@/ui/field'
import { Switch } from '@/ui/switch'

export function OverrideField(props: {
  label: string
  /** Null leaves it to detection. */
  value: string | null
  onChange: (value: string | null) => void
  /** What detection said last. */
  detected: string | null | undefined
  hint: string
  error?: string | undefined
  inputMode?: 'numeric'
}) {
  const id = useId()
  const overridden = props.value !== null
  return (
    <div className="flex flex-col gap-1.5">
      <div className="flex items-center justify-between gap-3">
        <label htmlFor={id} className="font-medium text-[13px]">
          {props.label}
        </label>
        <span className="flex items-center gap-2 text-[13px] text-ink-3">
          <span id={`${id}-switch`}>Override</span>
          <Switch
            aria-label={`Override: ${props.label}`}
            checked={overridden}
            onCheckedChange={(on) => props.onChange(on ? (props.detected ?? '') : null)}
          />
        </span>
      </div>
      <Input
        id={id}
        className="font-mono text-[13px]!"
        spellCheck={false}
        autoComplete="off"
        inputMode={props.inputMode}
        disabled={!overridden}
        aria-describedby={`${id}-about`}
        aria-invalid={props.error !== undefined}
        placeholder={overridden ? '' : (props.detected ?? 'Detected automatically')}
        value={props.value ?? ''}
        onChange={(event) => props.onChange(event.target.value)}
      />
      <p id={`${id}-about`} className={props.error ? 'text-[13px] text-bad' : 'text-[13px] text-ink-3'}>
        {props.error ?? props.hint}
      </p>
    </div>
  )
}
