import { useNavigate } from '@tanstack/react-router'
import { useCallback } from 'react'
import { client, queryClient } from '@/api/client'
import { signedOut } from '@/api/session'
import { toast } from '@/ui/toast'

export function useSignOut(): () => Promise<void> {
  const navigate = useNavigate()
  return useCallback(async () => {
    try {
      await client.POST('/api/v1/auth/logout')
    } catch {
      toast({
        tone: 'bad',
        title: 'Could not sign out',
        detail: 'Aether does not answer; try again in a moment.',
      })
      return
    }
    await navigate({ to: '/login' })
    signedOut()
    queryClient.clear()
  }, [navigate])
}
