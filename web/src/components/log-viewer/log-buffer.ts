// The lines of one log in the browser: appended in order, each once, announced in batches so that a fast build does not
// render once a line.

import type { components } from '@/api/schema.gen'
import { stripAnsi } from '@/lib/ansi'

type BuildLine = components['schemas']['LogLine']

/** What build logs and runtime logs have in common. */
export type LogLine = Pick<BuildLine, 'at' | 'stream' | 'text'> & { step?: BuildLine['step'] }

/** A line with its place in this viewer (from 1) and its text without colours, for search and copy. */
export type Entry = LogLine & { number: number; plain: string }

/** One render per batch. A timer, because animation frames stop in a hidden tab. */
const BATCH_MS = 50
/** The rows of a long log are laid out anew with every batch; fewer batches keep scrolling smooth meanwhile. */
const LONG_BATCH_MS = 400
const LONG_LINES = 10_000
/** A runtime log never ends; the browser keeps this many lines. */
export const MAX_LINES = 250_000

export class LogBuffer {
  #entries: Entry[] = []
  // Not only the last id: lines of several copies of an app may come in another order than their ids.
  readonly #seen = new Set<number>()
  #dropped = 0
  #version = 0
  #timer: ReturnType<typeof setTimeout> | undefined
  readonly #listeners = new Set<() => void>()

  /** Adds a line unless its id was there already. */
  append(id: number, line: LogLine): void {
    if (this.#seen.has(id)) return
    this.#seen.add(id)
    const number = this.#dropped + this.#entries.length + 1
    const { at, stream, text, step } = line
    this.#entries.push({ at, stream, text, step, number, plain: stripAnsi(text) })
    if (this.#entries.length > MAX_LINES * 1.1) this.#dropOldest()
    this.#timer ??= setTimeout(this.#announce, this.#entries.length > LONG_LINES ? LONG_BATCH_MS : BATCH_MS)
  }

  get entries(): readonly Entry[] {
    return this.#entries
  }

  /** Lines that no longer fit. */
  get dropped(): number {
    return this.#dropped
  }

  readonly subscribe = (listener: () => void): (() => void) => {
    this.#listeners.add(listener)
    return () => this.#listeners.delete(listener)
  }

  /** Changes with every batch. */
  readonly version = (): number => this.#version

  #dropOldest(): void {
    const excess = this.#entries.length - MAX_LINES
    this.#entries = this.#entries.slice(excess)
    this.#dropped += excess
  }

  readonly #announce = (): void => {
    this.#timer = undefined
    this.#version += 1
    for (const listener of this.#listeners) listener()
  }
}
