import { afterEach, expect, test, vi } from 'vitest'
import { type Connection, followEvents, readEvents, retryDelay, type StreamEvent } from './event-stream'

afterEach(() => vi.useRealTimers())

function bytes(...chunks: string[]): ReadableStream<Uint8Array> {
  const encoder = new TextEncoder()
  return new ReadableStream({
    start(controller) {
      for (const chunk of chunks) controller.enqueue(encoder.encode(chunk))
      controller.close()
    },
  })
}

async function collect(stream: ReadableStream<Uint8Array>): Promise<StreamEvent[]> {
  const events: StreamEvent[] = []
  for await (const event of readEvents(stream)) events.push(event)
  return events
}

test('events are put together over any chunk borders', async () => {
  const text = ': hello\n\nid: 7\nevent: log\ndata: {"a":\ndata: 1}\n\ndata:x\n\n'
  const expected = [
    { id: '7', event: 'log', data: '{"a":\n1}' },
    { id: undefined, event: 'message', data: 'x' },
  ]
  expect(await collect(bytes(text))).toEqual(expected)
  expect(await collect(bytes(...text))).toEqual(expected)
})

test('carriage returns split over two chunks end one line, not two', async () => {
  expect(await collect(bytes('event: end\r', '\ndata: {}\r', '\n\r', '\n'))).toEqual([
    { id: undefined, event: 'end', data: '{}' },
  ])
})

test('a character split over two chunks stays whole', async () => {
  const all = new TextEncoder().encode('data: ü\n\n')
  const body = new ReadableStream<Uint8Array>({
    start(controller) {
      controller.enqueue(all.slice(0, 7))
      controller.enqueue(all.slice(7))
      controller.close()
    },
  })
  expect(await collect(body)).toEqual([{ id: undefined, event: 'message', data: 'ü' }])
})

test('an event that the connection cut off is not delivered', async () => {
  expect(await collect(bytes('id: 1\ndata: whole\n\nid: 2\ndata: cut'))).toHaveLength(1)
})

test('a lost connection resumes behind the last id until the end', async () => {
  vi.useFakeTimers()
  const asked: (string | undefined)[] = []
  const answers = [
    () => new Response(bytes('id: 1\nevent: log\ndata: a\n\n')),
    () => Promise.reject(new TypeError('network')),
    () => new Response('busy', { status: 503 }),
    () => new Response(bytes('id: 2\nevent: log\ndata: b\n\nevent: end\ndata: {}\n\n')),
  ]
  const data: string[] = []
  const states: Connection[] = []
  const done = followEvents({
    open: async (lastId) => {
      asked.push(lastId)
      return (answers.shift() ?? (() => new Response(null, { status: 404 })))()
    },
    onEvent: (event) => {
      if (event.event === 'end') return 'stop'
      data.push(event.data)
      return undefined
    },
    onConnection: (state) => states.push(state),
    onRefused: () => {},
    signal: new AbortController().signal,
  })
  await vi.runAllTimersAsync()
  await done
  expect(asked).toEqual([undefined, '1', '1', '1'])
  expect(data).toEqual(['a', 'b'])
  expect(states.at(-1)).toBe('closed')
  expect(states).toContain('waiting')
})

test('a refusal that time does not heal ends the following', async () => {
  const onRefused = vi.fn()
  await followEvents({
    open: async () => new Response(null, { status: 404 }),
    onEvent: () => undefined,
    onConnection: () => {},
    onRefused,
    signal: new AbortController().signal,
  })
  expect(onRefused).toHaveBeenCalledOnce()
})

test('a connection that falls silent is given up and opened again', async () => {
  vi.useFakeTimers()
  const stop = new AbortController()
  let opened = 0
  const done = followEvents({
    open: async (_, signal) => {
      opened += 1
      return new Response(
        new ReadableStream({
          start: (controller) =>
            signal.addEventListener('abort', () => controller.error(new Error('aborted'))),
        }),
      )
    },
    onEvent: () => undefined,
    onConnection: () => {},
    onRefused: () => {},
    signal: stop.signal,
  })
  await vi.advanceTimersByTimeAsync(50_000)
  expect(opened).toBe(2)
  stop.abort()
  await done
})

test('waits grow and stay below their limit', () => {
  expect(retryDelay(1, () => 1)).toBe(500)
  expect(retryDelay(3, () => 1)).toBe(2000)
  expect(retryDelay(50, () => 1)).toBe(15_000)
  expect(retryDelay(1, () => 0)).toBe(250)
})
