import { QueryClientProvider } from '@tanstack/react-query'
import { RouterProvider } from '@tanstack/react-router'
import { StrictMode, startTransition } from 'react'
import { createRoot } from 'react-dom/client'
import { queryClient } from './api/client'
import { reloadOnce } from './lib/reload-once'
import { createDashboardRouter, preloadPage } from './routes/router'
import './ui/theme.css'

const element = document.getElementById('root')
if (!element) throw new Error('index.html has no #root')

// After an update the files of the old build are gone; the new page has the new names. Whoever has typed something keeps
// the page: it shows the error and a button.
window.addEventListener('vite:preloadError', (event) => {
  if (!document.querySelector('form') && reloadOnce()) event.preventDefault()
})

// The branch falls away from the real build.
if (import.meta.env.MODE === 'mock') {
  const { startMock } = await import('./mock-api/browser')
  await startMock()
}

const router = createDashboardRouter()
preloadPage(router)

// A transition is rendered in slices, between which the browser can answer to a finger.
const page = createRoot(element)
startTransition(() =>
  page.render(
    <StrictMode>
      <QueryClientProvider client={queryClient}>
        <RouterProvider router={router} />
      </QueryClientProvider>
    </StrictMode>,
  ),
)
