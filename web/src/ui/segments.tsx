import { cn } from '@/lib/cn'

/** A choice of few, all of them in sight. */
export function Segments<Value extends string>(props: {
  label: string
  options: readonly (readonly [Value, string])[]
  value: Value
  onChange: (value: Value) => void
}) {
  return (
    <fieldset className="inline-flex rounded-control border border-line-strong p-0.5">
      <legend className="sr-only">{props.label}</legend>
      {props.options.map(([value, label]) => (
        <button
          key={value}
          type="button"
          aria-pressed={value === props.value}
          onClick={() => props.onChange(value)}
          className={cn(
            'h-7 rounded-md px-2.5 text-[13px] pointer-coarse:h-9',
            value === props.value ? 'bg-hover font-medium text-ink' : 'text-ink-2 hover:text-ink',
          )}
        >
          {label}
        </button>
      ))}
    </fieldset>
  )
}
