import { QueryClientProvider } from '@tanstack/react-query'
import { RouterProvider } from '@tanstack/react-router'
import { StrictMode } from 'react'
import { createRoot } from 'react-dom/client'
import { createQueryClient } from './api/query-client.ts'
import { AnnouncerProvider } from './app/announcer.tsx'
import { ClockProvider } from './app/clock.tsx'
import { createAppRouter } from './app/router.tsx'
import { followSystemTheme } from './app/theme.ts'
import { createSession } from './auth/session.ts'
import { Toasts } from './ui/toasts.tsx'
import './styles.css'

const session = createSession(localStorage, window)
const queryClient = createQueryClient()
const router = createAppRouter({ session, queryClient })

followSystemTheme()
session.subscribe(() => {
  if (!session.token()) queryClient.clear()
  void router.invalidate()
})

createRoot(document.getElementById('root')!).render(
  <StrictMode>
    <QueryClientProvider client={queryClient}>
      <ClockProvider>
        <AnnouncerProvider>
          <RouterProvider router={router} />
          <Toasts />
        </AnnouncerProvider>
      </ClockProvider>
    </QueryClientProvider>
  </StrictMode>,
)
