import { useId } from 'react'
import { cn } from '@/lib/cn'

const CHOICES = [
  [true, 'Secret', 'Write-only: no one can read it again. Masked in logs.'],
  [false, 'Plain text', 'Anyone on the team can read it here later.'],
] as const

/** Whether a value can be read again is decided before it is saved, so both ways are said. */
export function SecretChoice(props: {
  secret: boolean
  onChange: (secret: boolean) => void
  error?: string | undefined
}) {
  const name = useId()
  return (
    <fieldset>
      <legend className="mb-1.5 font-medium text-[13px]">Visibility</legend>
      <div className="grid gap-2 sm:grid-cols-2">
        {CHOICES.map(([secret, label, says]) => (
          <label
            key={label}
            className={cn(
              'flex items-start gap-2.5 rounded-control border p-3 text-sm',
              props.secret === secret ? 'border-accent-strong' : 'hover:bg-hover/50',
            )}
          >
            <input
              type="radio"
              name={name}
              className="mt-0.5 size-4 shrink-0 accent-accent-strong"
              checked={props.secret === secret}
              onChange={() => props.onChange(secret)}
            />
            <span>
              {label}
              <span className="mt-0.5 block text-[13px] text-ink-3">{says}</span>
            </span>
          </label>
        ))}
      </div>
      {props.error && <p className="mt-1.5 text-[13px] text-bad">{props.error}</p>}
    </fieldset>
  )
}
