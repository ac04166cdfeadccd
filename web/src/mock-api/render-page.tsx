// Draws the dashboard at an address, as the browser would, over the mock backend.

import { QueryClientProvider } from '@tanstack/react-query'
import { createMemoryHistory, RouterProvider } from '@tanstack/react-router'
import { render } from '@testing-library/react'
import userEvent from '@testing-library/user-event'
import { queryClient } from '@/api/client'
import { createDashboardRouter } from '@/routes/router'

export function renderPage(path: string) {
  const router = createDashboardRouter(createMemoryHistory({ initialEntries: [path] }))
  render(
    <QueryClientProvider client={queryClient}>
      <RouterProvider router={router} />
    </QueryClientProvider>,
  )
  return { user: userEvent.setup(), router }
}
