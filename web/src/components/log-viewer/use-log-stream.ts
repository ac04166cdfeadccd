// Follows a log endpoint into a LogBuffer, from its first line to its end, over any number of connections.

import { useEffect, useState } from 'react'
import { openStream } from '@/api/client'
import { asProblem, type Problem } from '@/api/problem'
import { type Connection, followEvents, type StreamEvent } from '@/lib/event-stream'
import { LogBuffer, type LogLine } from './log-buffer'

export type LogStream = {
  buffer: LogBuffer
  connection: Connection
  /** The service said that nothing more will come. */
  ended: boolean
  problem: Problem | null
}

/** Ids of runtime lines are stored out of order within this distance; what comes twice by it is kept once. */
const RUNTIME_LOOK_BACK = 200

/** `onEvent` hears of events other than lines (`status`, `end`); it must not change between renders. */
export function useLogStream(
  path: string,
  kind: 'build' | 'runtime',
  onEvent?: (event: StreamEvent) => void,
): LogStream {
  const [stream, setStream] = useState<LogStream>(fresh)
  useEffect(() => {
    const stop = new AbortController()
    const start = fresh()
    setStream(start)
    const update = (change: Partial<LogStream>) => {
      if (!stop.signal.aborted) setStream((before) => ({ ...before, ...change }))
    }
    followEvents({
      signal: stop.signal,
      open: (lastId, signal) => openStream(path, resumeId(kind, lastId), signal),
      onConnection: (connection) => update({ connection }),
      onRefused: async (response) => update({ problem: asProblem(await readBody(response)) }),
      onEvent: (event) => {
        if (event.event === 'log') {
          start.buffer.append(Number(event.id), JSON.parse(event.data) as LogLine)
          return undefined
        }
        onEvent?.(event)
        if (event.event !== 'end') return undefined
        update({ ended: true })
        return 'stop'
      },
    })
    return () => stop.abort()
  }, [path, kind, onEvent])
  return stream
}

function resumeId(kind: 'build' | 'runtime', lastId: string | undefined): string | undefined {
  if (kind === 'build' || lastId === undefined) return lastId
  return String(Math.max(0, Number(lastId) - RUNTIME_LOOK_BACK))
}

function fresh(): LogStream {
  return { buffer: new LogBuffer(), connection: 'connecting', ended: false, problem: null }
}

async function readBody(response: Response): Promise<unknown> {
  return response.json().catch(() => null)
}
