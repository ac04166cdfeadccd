// The frame of every page behind the sign-in: sidebar (a drawer on phones), page, command palette.

import { Outlet, useNavigate, useRouterState } from '@tanstack/react-router'
import { Menu as MenuIcon, Search } from 'lucide-react'
import { lazy, Suspense, useEffect, useState } from 'react'
import { useIdle } from '@/hooks/use-idle'
import { useSession } from '@/hooks/use-session'
import { useShortcut } from '@/hooks/use-shortcut'
import { keepMonoFont } from '@/lib/mono-font'
import { Button } from '@/ui/button'
import { Dialog } from '@/ui/dialog'
import { Logo } from '@/ui/logo'
import { Sidebar } from './sidebar'

/** For what the next visit is to have. */
const AFTER_PAGE_MS = 5000

const CommandPalette = lazy(() => import('./command-palette'))

export function AppShell() {
  const [palette, setPalette] = useState(false)
  const [drawer, setDrawer] = useState(false)
  const place = useRouterState({ select: (state) => state.location.pathname })
  useShortcut('k', () => setPalette((open) => !open))
  useSignedOutRedirect()
  const idle = useIdle(AFTER_PAGE_MS)
  useEffect(() => {
    if (idle) keepMonoFont()
  }, [idle])
  // biome-ignore lint/correctness/useExhaustiveDependencies: a visited page closes the drawer.
  useEffect(() => setDrawer(false), [place])

  const search = () => {
    setDrawer(false)
    setPalette(true)
  }
  return (
    <div className="min-h-dvh lg:grid lg:grid-cols-[15rem_minmax(0,1fr)]">
      <a
        href="#page"
        className="sr-only rounded-control bg-ink px-3 py-2 text-invert focus:not-sr-only focus:fixed focus:top-2 focus:left-2 focus:z-50"
      >
        Skip to the page
      </a>
      <aside className="sticky top-0 hidden h-dvh border-r bg-surface lg:block">
        <Sidebar onSearch={search} />
      </aside>
      <header className="sticky top-0 z-30 flex h-13 items-center gap-1 border-b bg-surface px-3 lg:hidden">
        <Button variant="ghost" size="icon" aria-label="Menu" onClick={() => setDrawer(true)}>
          <MenuIcon className="size-5" />
        </Button>
        <Logo className="ml-1" />
        <Button variant="ghost" size="icon" className="ml-auto" aria-label="Search" onClick={search}>
          <Search className="size-5" />
        </Button>
      </header>
      <Dialog open={drawer} onOpenChange={setDrawer} title="Menu" place="side" bare>
        <Sidebar onSearch={search} />
      </Dialog>
      <main
        id="page"
        tabIndex={-1}
        className="mx-auto w-full max-w-6xl px-4 py-6 outline-none sm:px-8 sm:py-8"
      >
        <Outlet />
      </main>
      {palette && (
        <Suspense>
          <CommandPalette onClose={() => setPalette(false)} />
        </Suspense>
      )}
    </div>
  )
}

/** The session may end under a page: signed out in another tab, or ended by the service. */
function useSignedOutRedirect(): void {
  const session = useSession()
  const navigate = useNavigate()
  useEffect(() => {
    if (!session) navigate({ to: '/login', search: { next: location.pathname + location.search } })
  }, [session, navigate])
}
