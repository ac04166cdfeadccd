import type { ReactNode } from 'react'
import { Logo } from '@/ui/logo'

/** The page around sign-in and set-up. */
export function AuthFrame(props: { title: string; description?: ReactNode; children: ReactNode }) {
  return (
    <main className="grid min-h-dvh place-items-center px-4 py-10">
      <div className="w-full max-w-sm">
        <Logo className="mb-8 text-lg" />
        <h1 className="font-semibold text-2xl tracking-tight">{props.title}</h1>
        {props.description && <p className="mt-1.5 text-ink-2">{props.description}</p>}
        <div className="mt-7">{props.children}</div>
      </div>
    </main>
  )
}
