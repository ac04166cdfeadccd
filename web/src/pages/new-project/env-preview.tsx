import type { EnvFile } from '@/lib/dotenv'

/** The names that were read from a pasted `.env`, and the lines that were not. Values stay in the field. */
export function EnvPreview({ file }: { file: EnvFile }) {
  return (
    <div aria-live="polite">
      {file.entries.length > 0 && (
        <ul className="mt-3 flex flex-wrap gap-1.5">
          {file.entries.map((entry) => (
            <li
              key={entry.name}
              className="rounded border bg-raised px-1.5 font-mono text-[12.5px] leading-6"
            >
              {entry.name}
              {entry.value === '' && <span className="text-ink-3"> (empty)</span>}
            </li>
          ))}
        </ul>
      )}
      {file.faults.length > 0 && (
        <p className="mt-2 text-sm text-warn">
          {file.faults.length === 1 ? 'Line' : 'Lines'} {file.faults.join(', ')} could not be read and{' '}
          {file.faults.length === 1 ? 'is' : 'are'} left out.
        </p>
      )}
    </div>
  )
}
