// A log of any length: only the rows in sight are in the page.
//
// entries -> filter -> search -> virtual rows. Rows are React text nodes; nothing of a line is ever read as markup.

import { useVirtualizer } from '@tanstack/react-virtual'
import { ArrowDown } from 'lucide-react'
import {
  type KeyboardEvent,
  type ReactNode,
  useCallback,
  useDeferredValue,
  useEffect,
  useMemo,
  useRef,
  useState,
  useSyncExternalStore,
} from 'react'
import { useStored } from '@/hooks/use-stored'
import { cn } from '@/lib/cn'
import { saveText } from '@/lib/save-text'
import { Button } from '@/ui/button'
import type { Entry, LogBuffer } from './log-buffer'
import { LogRow } from './log-row'
import { filterEntries, findMatches, type StreamFilter, searchPattern } from './search'
import { Toolbar } from './toolbar'
import { useLineSelection } from './use-line-selection'

/** `leading-5` of a row at the page's 15 px. */
const ROW_HEIGHT = 18.75
/** This near to the end counts as the end. */
const END_ZONE = 48
/** Rows that are measured move the page a little. */
const JITTER = 8

type LogViewerProps = {
  buffer: LogBuffer
  /** More lines may come. */
  live: boolean
  fileName: string
  /** Line numbers mean the same tomorrow, so they can be linked to. */
  linkable?: boolean
  /** Shown while there is no line. */
  empty: ReactNode
  /** Scroll to this line when it changes. */
  jumpTo?: { line: number } | null
  className?: string
}

export function LogViewer(props: LogViewerProps) {
  const { buffer } = props
  const version = useSyncExternalStore(buffer.subscribe, buffer.version)
  const [query, setQuery] = useState('')
  const [filter, setFilter] = useState<StreamFilter>('all')
  const [follow, setFollow] = useState(props.live)
  const [wrap, setWrap] = useStored('aether-log-wrap', true)
  const [times, setTimes] = useStored('aether-log-times', false)
  const [current, setCurrent] = useState(0)
  const search = useRef<HTMLInputElement>(null)
  const scroller = useRef<HTMLDivElement>(null)
  const lastTop = useRef(0)

  const pattern = useMemo(() => searchPattern(query), [query])
  const searched = useDeferredValue(pattern)
  // biome-ignore lint/correctness/useExhaustiveDependencies: the entries grow in place; the version tells.
  const entries = useMemo(() => filterEntries(buffer.entries, filter), [buffer, filter, version])
  // biome-ignore lint/correctness/useExhaustiveDependencies: as above.
  const matches = useMemo(() => findMatches(entries, searched), [entries, searched, version])
  const count = entries.length

  const rows = useVirtualizer({
    count,
    getScrollElement: () => scroller.current,
    estimateSize: () => ROW_HEIGHT,
    overscan: 12,
    getItemKey: (index) => entries[index]?.number ?? index,
  })

  const showIndex = useCallback(
    (index: number) => {
      setFollow(false)
      rows.scrollToIndex(index, { align: 'center' })
    },
    [rows],
  )
  const showLine = useCallback(
    (line: number) => {
      const index = entries.findIndex((entry) => entry.number >= line)
      if (index >= 0) showIndex(index)
    },
    [entries, showIndex],
  )
  const selection = useLineSelection(props.linkable ?? false, count, showLine)

  useEffect(() => {
    if (follow && count > 0) rows.scrollToIndex(count - 1, { align: 'end' })
  }, [follow, count, rows])
  // biome-ignore lint/correctness/useExhaustiveDependencies: a jump happens once, not with every new line.
  useEffect(() => {
    if (props.jumpTo) showLine(props.jumpTo.line)
  }, [props.jumpTo])

  const step = (direction: 1 | -1) => {
    if (matches.length === 0) return
    const next = (current + direction + matches.length) % matches.length
    setCurrent(next)
    showIndex(matches[next] ?? 0)
  }
  const onQuery = (text: string) => {
    setQuery(text)
    const first = findMatches(entries, searchPattern(text))[0]
    setCurrent(0)
    if (first !== undefined) showIndex(first)
  }
  const onScroll = () => {
    const element = scroller.current
    if (!element) return
    const fromEnd = element.scrollHeight - element.scrollTop - element.clientHeight
    const isUpwards = element.scrollTop < lastTop.current - JITTER
    lastTop.current = element.scrollTop
    // Only a person scrolls up; following scrolls down. Back at the end means following again.
    if (isUpwards && fromEnd > END_ZONE) setFollow(false)
    else if (!isUpwards && props.live && fromEnd < JITTER) setFollow(true)
  }
  const onKeyDown = (event: KeyboardEvent) => {
    const find = (event.ctrlKey || event.metaKey) && event.key === 'f'
    if (!find && !(event.key === '/' && event.target === scroller.current)) return
    event.preventDefault()
    search.current?.select()
  }
  const chosen = selection.range
  const text = () =>
    toText(chosen ? entries.filter((e) => e.number >= chosen.from && e.number <= chosen.to) : entries)
  const currentRow = matches[current]

  return (
    // biome-ignore lint/a11y/noStaticElementInteractions: catches the find shortcut of everything inside.
    <div
      className={cn('flex min-h-0 flex-col overflow-hidden rounded-card border bg-surface', props.className)}
      onKeyDown={onKeyDown}
    >
      <Toolbar
        {...{ search, query, onQuery, filter, follow, wrap, times }}
        live={props.live}
        matches={matches.length}
        current={Math.min(current, Math.max(0, matches.length - 1))}
        onStep={step}
        onFilter={setFilter}
        onFollow={setFollow}
        onWrap={setWrap}
        onTimes={setTimes}
        copy={text}
        copyLabel={chosen ? 'Copy the selected lines' : 'Copy the log'}
        onDownload={() => saveText(props.fileName, toText(buffer.entries))}
      />
      <div className="relative min-h-0 flex-1">
        <div
          ref={scroller}
          onScroll={onScroll}
          // biome-ignore lint/a11y/noNoninteractiveTabindex: a scrollable region must be reachable by keyboard.
          tabIndex={0}
          role="log"
          aria-label="Log"
          aria-live="off"
          className="absolute inset-0 overflow-auto py-2 font-mono text-[12.5px] outline-offset-[-2px]"
        >
          {count === 0 && (
            <div className="px-4 py-2 font-sans text-ink-2 text-sm">
              {buffer.entries.length > 0 ? 'No line passes the filter.' : props.empty}
            </div>
          )}
          <div className="relative" style={{ height: rows.getTotalSize() }}>
            <div
              className={cn('absolute top-0 left-0', wrap ? 'w-full' : 'w-max min-w-full')}
              style={{ transform: `translateY(${rows.getVirtualItems()[0]?.start ?? 0}px)` }}
            >
              {rows.getVirtualItems().map((item) => {
                const entry = entries[item.index]
                if (!entry) return null
                return (
                  <div key={item.key} data-index={item.index} ref={wrap ? rows.measureElement : undefined}>
                    <LogRow
                      entry={entry}
                      pattern={searched}
                      current={item.index === currentRow}
                      selected={isWithin(entry, chosen)}
                      {...{ wrap, times }}
                      onPick={selection.pick}
                    />
                  </div>
                )
              })}
            </div>
          </div>
        </div>
        {!follow && props.live && count > 0 && (
          <Button
            size="sm"
            className="absolute! right-5 bottom-4 shadow-float"
            onClick={() => setFollow(true)}
          >
            <ArrowDown className="size-4" /> Newest
          </Button>
        )}
      </div>
    </div>
  )
}

function isWithin(entry: Entry, range: { from: number; to: number } | null): boolean {
  return range !== null && entry.number >= range.from && entry.number <= range.to
}

function toText(entries: readonly Entry[]): string {
  return entries.map((entry) => `${entry.plain}\n`).join('')
}
