import { Outlet } from '@tanstack/react-router'
import { ReconnectBanner } from '@/components/reconnect-banner'
import { Toaster } from '@/ui/toast'
import { TooltipProvider } from '@/ui/tooltip'

const TOOLTIP_DELAY_MS = 350

export function Root() {
  return (
    <TooltipProvider delayDuration={TOOLTIP_DELAY_MS}>
      <ReconnectBanner />
      <Outlet />
      <Toaster />
    </TooltipProvider>
  )
}
