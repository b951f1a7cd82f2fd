import { Outlet } from '@tanstack/react-router'
import { useSyncExternalStore } from 'react'
import type { Session } from '../auth/session.ts'
import { SignedIn } from './deps.tsx'
import { ShellSlots } from './shell-slots.tsx'
import { TopBar } from './top-bar.tsx'

/** The frame around every page of somebody signed in. */
export function Shell({ session }: { session: Session }) {
  const token = useSyncExternalStore(session.subscribe, session.token)
  if (!token) return null
  return (
    <SignedIn key={token} session={session} token={token}>
      <ShellSlots>
        <div className="flex h-dvh flex-col">
          <a
            className="absolute top-1 left-1 z-50 -translate-y-12 rounded-md bg-accent px-3 py-1.5 text-on-accent focus:translate-y-0"
            href="#content"
          >
            Skip to the content
          </a>
          <TopBar />
          <main className="min-h-0 flex-1" id="content" tabIndex={-1}>
            <Outlet />
          </main>
        </div>
      </ShellSlots>
    </SignedIn>
  )
}
