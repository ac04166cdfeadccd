import { Link } from '@tanstack/react-router'
import { Compass } from 'lucide-react'
import type { ReactNode } from 'react'
import { usePageTitle } from '@/hooks/use-page-title'
import { Button } from '@/ui/button'

export function NotFoundPage(props: { title?: string; children?: ReactNode }) {
  usePageTitle('Not found')
  return (
    <div className="grid min-h-[70dvh] place-items-center p-6">
      <div className="max-w-sm text-center">
        <span className="mx-auto mb-5 grid size-12 place-items-center rounded-xl border bg-raised text-ink-2">
          <Compass aria-hidden className="size-6" />
        </span>
        <h1 className="font-semibold text-xl">{props.title ?? 'There is no page here'}</h1>
        <p className="mt-1.5 text-ink-2">
          {props.children ?? 'The link may be old, or what it pointed to was deleted.'}
        </p>
        <Button asChild variant="primary" className="mt-6">
          <Link to="/">All projects</Link>
        </Button>
      </div>
    </div>
  )
}
