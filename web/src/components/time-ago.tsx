import { useNow } from '@/hooks/use-now'
import { duration, exactTime, timeAgo } from '@/lib/time'

const RESOLUTION_MS = 10_000
/** The service's clock may be a little ahead; what has just happened does not lie in the future. */
const CLOCK_SKEW_MS = 60_000

/** A relative time; the exact one on hover. */
export function TimeAgo({ at, className }: { at: string; className?: string }) {
  const clock = useNow(RESOLUTION_MS)
  const time = Date.parse(at)
  const now = time > clock && time < clock + CLOCK_SKEW_MS ? time : clock
  return (
    <time dateTime={at} title={exactTime(at)} className={className}>
      {timeAgo(at, now)}
    </time>
  )
}

/** How long something took, or has been going on for. */
export function Elapsed({ from, until }: { from: string; until: string | null | undefined }) {
  return until ? duration(Math.max(0, Date.parse(until) - Date.parse(from))) : <Ticking from={from} />
}

function Ticking({ from }: { from: string }) {
  const seconds = Math.max(0, Math.floor((useNow() - Date.parse(from)) / 1000))
  return seconds < 60 ? `${seconds} s` : duration(seconds * 1000)
}
