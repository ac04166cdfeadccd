import { ArrowDown, ArrowUp, Clock, Download, Pause, Play, Search, WrapText } from 'lucide-react'
import type { KeyboardEvent, ReactNode, RefObject } from 'react'
import { Button } from '@/ui/button'
import { CopyButton } from '@/ui/copy-button'
import { Select } from '@/ui/select'
import type { StreamFilter } from './search'

const FILTERS: [StreamFilter, string][] = [
  ['all', 'All lines'],
  ['problems', 'Errors and warnings'],
  ['output', 'stdout'],
  ['stderr', 'stderr'],
  ['system', 'Aether'],
]

export type ToolbarProps = {
  search: RefObject<HTMLInputElement | null>
  query: string
  onQuery: (query: string) => void
  matches: number
  current: number
  onStep: (direction: 1 | -1) => void
  filter: StreamFilter
  onFilter: (filter: StreamFilter) => void
  live: boolean
  follow: boolean
  onFollow: (follow: boolean) => void
  wrap: boolean
  onWrap: (wrap: boolean) => void
  times: boolean
  onTimes: (times: boolean) => void
  copy: () => string
  copyLabel: string
  onDownload: () => void
}

export function Toolbar(props: ToolbarProps) {
  return (
    <div className="flex flex-wrap items-center gap-2 border-b bg-raised/40 p-2">
      <SearchBox {...props} />
      <Select
        aria-label="Which lines"
        className="w-44 max-sm:flex-1"
        value={props.filter}
        onChange={(event) => props.onFilter(event.target.value as StreamFilter)}
      >
        {FILTERS.map(([value, label]) => (
          <option key={value} value={value}>
            {label}
          </option>
        ))}
      </Select>
      <div className="ml-auto flex items-center gap-0.5">
        {props.live && (
          <Toggle label="Follow new lines" pressed={props.follow} onPressed={props.onFollow}>
            {props.follow ? <Pause className="size-4" /> : <Play className="size-4" />}
          </Toggle>
        )}
        <Toggle label="Show times" pressed={props.times} onPressed={props.onTimes}>
          <Clock className="size-4" />
        </Toggle>
        <Toggle label="Wrap long lines" pressed={props.wrap} onPressed={props.onWrap}>
          <WrapText className="size-4" />
        </Toggle>
        <CopyButton text={props.copy} label={props.copyLabel} />
        <Button variant="ghost" size="icon" aria-label="Download" title="Download" onClick={props.onDownload}>
          <Download className="size-4" />
        </Button>
      </div>
    </div>
  )
}

function SearchBox(props: ToolbarProps) {
  const onKeyDown = (event: KeyboardEvent) => {
    if (event.key === 'Enter') props.onStep(event.shiftKey ? -1 : 1)
    else if (event.key === 'Escape') props.onQuery('')
    else return
    event.preventDefault()
    event.stopPropagation()
  }
  const found =
    props.matches === 0 ? 'no match' : `${props.current + 1} of ${props.matches.toLocaleString('en')}`
  return (
    <div className="flex min-w-56 flex-1 items-center gap-1 sm:max-w-md">
      <div className="relative flex-1">
        <Search aria-hidden className="-translate-y-1/2 absolute top-1/2 left-2.5 size-4 text-ink-3" />
        <input
          ref={props.search}
          type="search"
          aria-label="Search the log"
          placeholder="Search"
          value={props.query}
          onChange={(event) => props.onQuery(event.target.value)}
          onKeyDown={onKeyDown}
          className="control pr-24 pl-8.5 text-sm"
        />
        <span
          role="status"
          className="-translate-y-1/2 pointer-events-none absolute top-1/2 right-3 text-ink-3 text-xs"
        >
          {props.query && found}
        </span>
      </div>
      {props.matches > 0 && (
        <>
          <Button variant="ghost" size="icon" aria-label="Previous match" onClick={() => props.onStep(-1)}>
            <ArrowUp className="size-4" />
          </Button>
          <Button variant="ghost" size="icon" aria-label="Next match" onClick={() => props.onStep(1)}>
            <ArrowDown className="size-4" />
          </Button>
        </>
      )}
    </div>
  )
}

function Toggle(props: {
  label: string
  pressed: boolean
  onPressed: (pressed: boolean) => void
  children: ReactNode
}) {
  return (
    <Button
      variant="ghost"
      size="icon"
      aria-label={props.label}
      title={props.label}
      aria-pressed={props.pressed}
      className={props.pressed ? 'bg-hover text-ink!' : ''}
      onClick={() => props.onPressed(!props.pressed)}
    >
      {props.children}
    </Button>
  )
}
