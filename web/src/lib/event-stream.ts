// Server-sent events over fetch, because EventSource can send no Authorization header.
//
// readEvents()    bytes of one response -> events (WHATWG HTML section 9.2.6)
// followEvents()  one stream after another: resumes behind the last id with `Last-Event-ID`, waits longer after each
//                 failure, and gives a silent connection up.

export type StreamEvent = { id: string | undefined; event: string; data: string }

export type Connection = 'connecting' | 'open' | 'waiting' | 'closed'

export type Follower = {
  /** Opens the stream; `lastId` is undefined the first time. Rejects when it cannot. */
  open: (lastId: string | undefined, signal: AbortSignal) => Promise<Response>
  /** Returns 'stop' when nothing more will come. */
  onEvent: (event: StreamEvent) => 'stop' | undefined
  onConnection: (connection: Connection) => void
  /** An answer that trying again will not change (not found, signed out). */
  onRefused: (response: Response) => void
  signal: AbortSignal
}

const FIRST_RETRY_MS = 500
const LAST_RETRY_MS = 15_000
/** The service sends a comment every 15 s; three missed ones mean that the connection is dead. */
const SILENCE_MS = 45_000

export async function followEvents(follower: Follower): Promise<void> {
  let lastId: string | undefined
  let failures = 0
  while (!follower.signal.aborted) {
    follower.onConnection(failures === 0 ? 'connecting' : 'waiting')
    const ended = await followOnce(follower, lastId, (event) => {
      failures = 0
      if (event.id !== undefined) lastId = event.id
    })
    if (ended || follower.signal.aborted) break
    failures += 1
    follower.onConnection('waiting')
    await pause(retryDelay(failures), follower.signal)
  }
  follower.onConnection('closed')
}

/** Doubles with each failure; the random half keeps many viewers from returning at the same moment. */
export function retryDelay(failures: number, random: () => number = Math.random): number {
  const full = Math.min(LAST_RETRY_MS, FIRST_RETRY_MS * 2 ** (failures - 1))
  return full / 2 + (full / 2) * random()
}

/** One connection, to its end. True when nothing more will come. */
async function followOnce(
  follower: Follower,
  lastId: string | undefined,
  seen: (event: StreamEvent) => void,
): Promise<boolean> {
  const attempt = new AbortController()
  const stop = () => attempt.abort()
  follower.signal.addEventListener('abort', stop)
  let silence = setTimeout(stop, SILENCE_MS)
  const alive = () => {
    clearTimeout(silence)
    silence = setTimeout(stop, SILENCE_MS)
  }
  try {
    const response = await follower.open(lastId, attempt.signal)
    if (isFinal(response)) {
      follower.onRefused(response)
      return true
    }
    if (!response.ok || !response.body) return false
    follower.onConnection('open')
    for await (const event of readEvents(response.body, alive)) {
      seen(event)
      if (follower.onEvent(event) === 'stop') return true
    }
  } catch {
    // A lost connection; the caller tries again.
  } finally {
    clearTimeout(silence)
    follower.signal.removeEventListener('abort', stop)
    attempt.abort()
  }
  return false
}

function isFinal(response: Response): boolean {
  return response.status >= 400 && response.status < 500 && response.status !== 408 && response.status !== 429
}

export async function* readEvents(
  body: ReadableStream<Uint8Array>,
  onBytes: () => void = () => {},
): AsyncGenerator<StreamEvent> {
  const reader = body.getReader()
  const decoder = new TextDecoder()
  let rest = ''
  let fields = emptyFields()
  try {
    for (;;) {
      const { done, value } = await reader.read()
      if (done) return
      onBytes()
      const lines = (rest + decoder.decode(value, { stream: true })).split(/\r\n|\n|\r(?!$)/)
      rest = lines.pop() ?? ''
      for (const line of lines) {
        if (line !== '') readField(fields, line)
        else {
          if (fields.data.length > 0) {
            yield { id: fields.id, event: fields.event || 'message', data: fields.data.join('\n') }
          }
          fields = emptyFields()
        }
      }
    }
  } finally {
    reader.cancel().catch(() => {})
  }
}

type Fields = { id: string | undefined; event: string; data: string[] }

function emptyFields(): Fields {
  return { id: undefined, event: '', data: [] }
}

function readField(fields: Fields, line: string): void {
  const colon = line.indexOf(':')
  if (colon === 0) return
  const name = colon < 0 ? line : line.slice(0, colon)
  const value = colon < 0 ? '' : line.slice(colon + 1).replace(/^ /, '')
  if (name === 'data') fields.data.push(value)
  else if (name === 'event') fields.event = value
  else if (name === 'id' && !value.includes('\0')) fields.id = value
}

function pause(ms: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    const timer = setTimeout(resolve, ms)
    signal.addEventListener('abort', () => {
      clearTimeout(timer)
      resolve()
    })
  })
}
