import { WifiOff } from 'lucide-react'
import type { LogStream } from './use-log-stream'

/** Says so when a live log has lost its connection; the lines of the meantime come with the next one. */
export function StreamState({ stream }: { stream: Pick<LogStream, 'connection' | 'ended'> }) {
  if (stream.ended || stream.connection !== 'waiting') return null
  return (
    <p role="status" className="soft-warn mb-2 flex items-center gap-2 rounded-control px-3 py-2 text-sm">
      <WifiOff aria-hidden className="size-4 shrink-0" />
      The connection was lost. Reconnecting; no line will be missing.
    </p>
  )
}
