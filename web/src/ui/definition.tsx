import type { ReactNode } from 'react'

/** A list of facts: name left, value right. */
export function Facts({ children }: { children: ReactNode }) {
  return (
    <dl className="grid grid-cols-[minmax(5rem,auto)_minmax(0,1fr)] content-start gap-x-3 gap-y-2.5 text-sm sm:grid-cols-[minmax(6.5rem,auto)_minmax(0,1fr)] sm:gap-x-5">
      {children}
    </dl>
  )
}

export function Fact({ name, children }: { name: string; children: ReactNode }) {
  return (
    <>
      <dt className="text-ink-3">{name}</dt>
      <dd className="min-w-0 break-words">{children}</dd>
    </>
  )
}
