import { type MouseEvent, memo } from 'react'
import { cn } from '@/lib/cn'
import { clockTime, exactTime } from '@/lib/time'
import type { Entry } from './log-buffer'
import { highlight } from './search'

type LogRowProps = {
  entry: Entry
  pattern: RegExp | null
  current: boolean
  selected: boolean
  wrap: boolean
  times: boolean
  onPick: (line: number, shift: boolean) => void
}

const STREAM: Record<Entry['stream'], string> = {
  stdout: 'border-transparent',
  stderr: 'border-warn/60',
  system: 'border-accent/70 text-ink-2',
}

export const LogRow = memo(function LogRow(props: LogRowProps) {
  const { entry } = props
  const pick = (event: MouseEvent) => {
    event.preventDefault()
    props.onPick(entry.number, event.shiftKey)
  }
  return (
    <div
      className={cn(
        'flex border-l-2 pr-4 leading-5 hover:bg-hover/60',
        isWarning(entry) ? 'border-warn text-warn' : STREAM[entry.stream],
        props.selected && 'bg-accent/15 hover:bg-accent/20',
      )}
    >
      <a
        href={`#L${entry.number}`}
        aria-label={`Line ${entry.number}`}
        tabIndex={-1}
        onClick={pick}
        className="w-15 shrink-0 select-none pr-4 text-right text-ink-3 tabular-nums hover:text-ink"
      >
        {entry.number}
      </a>
      {props.times && (
        <time
          dateTime={entry.at}
          title={exactTime(entry.at)}
          className="w-27 shrink-0 select-none text-ink-3 tabular-nums"
        >
          {clockTime(entry.at)}
        </time>
      )}
      <span
        className={cn(
          'min-w-0',
          props.wrap ? 'whitespace-pre-wrap [overflow-wrap:anywhere]' : 'whitespace-pre',
        )}
      >
        <LineText entry={entry} pattern={props.pattern} current={props.current} />
      </span>
    </div>
  )
})

function LineText({ entry, pattern, current }: Pick<LogRowProps, 'entry' | 'pattern' | 'current'>) {
  if (entry.text === '') return ' '
  return highlight(entry, pattern).map((piece, index) => {
    const Tag = piece.match ? 'mark' : 'span'
    return (
      <Tag
        // biome-ignore lint/suspicious/noArrayIndexKey: the pieces of a line never move.
        key={index}
        style={piece.colour ? { color: piece.colour } : undefined}
        className={cn(
          piece.classes,
          piece.match && (current ? 'bg-mark-current text-black' : 'bg-mark text-ink'),
        )}
      >
        {piece.text}
      </Tag>
    )
  })
}

/** Aether's own warnings begin so in the log, which has no levels. */
function isWarning(entry: Entry): boolean {
  return entry.stream === 'system' && entry.plain.startsWith('Warning: ')
}
