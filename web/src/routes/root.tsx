import { Outlet } from '@tanstack/react-router'
import { ReconnectBanner } from '@/components/reconnect-banner'
import { Toaster } from '@/ui/toast'

export function Root() {
  return (
    <>
      <ReconnectBanner />
      <Outlet />
      <Toaster />
    </>
  )
}
