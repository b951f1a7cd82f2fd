import { useQueryClient } from '@tanstack/react-query'
import { createContext, type ReactNode, useContext, useEffect, useMemo } from 'react'
import { createWebClient, type WebClient } from '../api/client.ts'
import { createQueries, type Queries } from '../api/queries.ts'
import type { Session } from '../auth/session.ts'
import { createLive, type Live } from '../live/connection.ts'
import { createLiveUpdates, type LiveUpdates } from '../live/live-updates.ts'
import { createStreams, type Streams } from '../live/streams.ts'

/** What every page of somebody signed in works with. */
export interface Deps {
  client: WebClient
  queries: Queries
  live: Live
  updates: LiveUpdates
  streams: Streams
  session: Session
}

const DepsContext = createContext<Deps | null>(null)

/** @throws Error outside of `SignedIn` */
export function useDeps(): Deps {
  const deps = useContext(DepsContext)
  if (!deps) throw new Error('useDeps needs SignedIn around it')
  return deps
}

/** Makes client and live connection for one token, and ends the connection with it. */
export function SignedIn({ session, token, children }: { session: Session; token: string; children: ReactNode }) {
  const queryClient = useQueryClient()
  const deps = useMemo((): Deps => {
    // Only this token's end counts: a late answer to an old one must not sign out its successor.
    const expire = () => {
      if (session.token() === token) session.signOut()
    }
    const client = createWebClient(token, expire)
    const streams = createStreams(tell => requestAnimationFrame(tell))
    const updates = createLiveUpdates(queryClient, streams)
    const live = createLive({
      token,
      storage: sessionStorage,
      onEvent: updates.receive,
      onDelta: streams.receive,
      onLost: updates.lost,
      onRefused: expire,
    })
    return { client, queries: createQueries(client), live, updates, streams, session }
  }, [session, token, queryClient])

  useEffect(() => {
    deps.live.start()
    return () => deps.live.stop()
  }, [deps])

  return <DepsContext value={deps}>{children}</DepsContext>
}
