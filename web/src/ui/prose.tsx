const CODE = /(`[^`\n]+`)/

/** Plain text, in which what stands in backticks is set as code. */
export function Prose({ children }: { children: string }) {
  return children.split(CODE).map((part, index) =>
    CODE.test(part) ? (
      // biome-ignore lint/suspicious/noArrayIndexKey: the parts of one text never change places.
      <code key={index} className="break-words rounded bg-ink/8 px-1 py-px font-mono text-[0.92em]">
        {part.slice(1, -1)}
      </code>
    ) : (
      part
    ),
  )
}
