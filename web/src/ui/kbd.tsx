export function Kbd({ children }: { children: string }) {
  return (
    <kbd className="rounded border border-line-strong bg-raised px-1.5 font-sans text-[11px] text-ink-3 leading-4.5">
      {children}
    </kbd>
  )
}
