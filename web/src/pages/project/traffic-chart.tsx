// Requests over time as bars, errors in their own colour. The pointer or the arrow keys choose a bar, whose figures are
// then said in words below; without that it is the newest.

import { type KeyboardEvent, type PointerEvent, useState } from 'react'
import type { Schemas } from '@/api/client'
import { bytes } from '@/lib/bytes'
import { durationText, minuteOf } from './traffic-words'

type Point = Schemas['TrafficPoint']

/** Units of the drawing; it is stretched to its place. */
const HEIGHT = 100
const GAP = 0.28
/** The lowest bar anybody can see. */
const VISIBLE = 2

export default function TrafficChart({ traffic }: { traffic: Schemas['ProjectTraffic'] }) {
  const { points } = traffic
  const [chosen, setChosen] = useState<number | null>(null)
  const last = points.length - 1
  const index = Math.min(chosen ?? last, last)
  const point = points[index]
  const highest = Math.max(...points.map((one) => one.requests))
  const choose = (event: PointerEvent<HTMLElement>) => {
    const place = event.currentTarget.getBoundingClientRect()
    const at = Math.floor(((event.clientX - place.left) / place.width) * points.length)
    setChosen(Math.max(0, Math.min(last, at)))
  }
  const step = (event: KeyboardEvent) => {
    const to = { ArrowLeft: index - 1, ArrowRight: index + 1, Home: 0, End: last }[event.key]
    if (to === undefined) return
    event.preventDefault()
    setChosen(Math.max(0, Math.min(last, to)))
  }
  if (!point) return null
  return (
    <div>
      <div
        role="slider"
        tabIndex={0}
        aria-label="Requests over time"
        aria-valuemin={0}
        aria-valuemax={last}
        aria-valuenow={index}
        aria-valuetext={says(point, traffic.step_seconds)}
        className="h-24 cursor-crosshair rounded-sm"
        onPointerMove={choose}
        onPointerDown={choose}
        onPointerLeave={() => setChosen(null)}
        onKeyDown={step}
      >
        <svg
          aria-hidden="true"
          viewBox={`0 0 ${points.length} ${HEIGHT}`}
          preserveAspectRatio="none"
          className="size-full border-line-strong border-b"
        >
          {points.map((one, place) => (
            <Bar
              key={one.at}
              point={one}
              place={place}
              highest={highest}
              dim={chosen !== null && place !== index}
            />
          ))}
        </svg>
      </div>
      <div className="mt-1 flex justify-between text-ink-3 text-xs tabular-nums">
        <span>{minuteOf(points[0]?.at ?? point.at)}</span>
        <span>most: {highest.toLocaleString('en')}</span>
        <span>now</span>
      </div>
      <p className="mt-2 min-h-5 text-[13px] text-ink-2 tabular-nums">{says(point, traffic.step_seconds)}</p>
    </div>
  )
}

function Bar(props: { point: Point; place: number; highest: number; dim: boolean }) {
  const { requests, errors } = props.point
  const scaled = (count: number) => (count === 0 ? 0 : Math.max(VISIBLE, (HEIGHT * count) / props.highest))
  const all = scaled(requests)
  const failed = Math.min(scaled(errors), all)
  const shape = { x: props.place + GAP / 2, width: 1 - GAP }
  return (
    <g opacity={props.dim ? 0.45 : 1}>
      <rect {...shape} y={HEIGHT - all} height={all - failed} className="fill-accent" />
      <rect {...shape} y={HEIGHT - failed} height={failed} className="fill-bad" />
    </g>
  )
}

function says(point: Point, stepSeconds: number): string {
  const until = new Date(Date.parse(point.at) + stepSeconds * 1000).toISOString()
  const time = stepSeconds > 60 ? `${minuteOf(point.at)} to ${minuteOf(until)}` : minuteOf(point.at)
  if (point.requests === 0) return `${time}: no request`
  const count = `${point.requests.toLocaleString('en')} ${point.requests === 1 ? 'request' : 'requests'}`
  const errors =
    point.errors === 0 ? 'no error' : `${point.errors} ${point.errors === 1 ? 'error' : 'errors'}`
  return `${time}: ${count}, ${errors}, ${bytes(point.sent_bytes)} sent, 99 % in ${durationText(point.p99_at_most_ms)}`
}
