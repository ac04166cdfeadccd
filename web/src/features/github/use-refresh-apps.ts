import { useMutation } from '@tanstack/react-query'
import { client, queryClient } from '@/api/client'

/** Asks GitHub where these Apps are installed. */
export function useRefreshApps() {
  return useMutation<void, unknown, string[]>({
    mutationFn: async (ids) => {
      for (const id of ids) {
        const { error } = await client.POST('/api/v1/github/apps/{id}/refresh', { params: { path: { id } } })
        if (error) throw error
      }
    },
    onSettled: refreshGitHub,
  })
}

/** After anything that changes Apps or what they reach. */
export function refreshGitHub(): Promise<unknown> {
  return Promise.all([
    queryClient.invalidateQueries({ queryKey: ['get', '/api/v1/github/apps'] }),
    queryClient.invalidateQueries({ queryKey: ['get', '/api/v1/github/repositories'] }),
  ])
}
