// A list of short texts, each on a line of its own while it is edited.

import type { ComponentProps } from 'react'
import { Textarea } from './field'

/** Edits a list, one item a line; what the lines hold is read with `readLines`. */
export function LinesInput(props: ComponentProps<'textarea'>) {
  return (
    <Textarea
      rows={3}
      spellCheck={false}
      autoComplete="off"
      className="font-mono text-[13px]! leading-6"
      {...props}
    />
  )
}

export function readLines(text: string): string[] {
  return text
    .split('\n')
    .map((line) => line.trim())
    .filter((line) => line !== '')
}
