import { useEffect, useSyncExternalStore } from 'react'
import { useDeps } from '../app/deps.tsx'
import type { LiveStatus } from './connection.ts'
import type { StreamKind } from './streams.ts'

/** Keeps a project live while the component is shown. */
export function useFollow(projectId: string | undefined): void {
  const { live } = useDeps()
  useEffect(() => (projectId ? live.follow(projectId) : undefined), [live, projectId])
}

export function useLiveStatus(): LiveStatus {
  const { live } = useDeps()
  return useSyncExternalStore(live.subscribe, live.status)
}

/** What is being written in a thread at this moment; empty while nothing is. */
export function useStream(threadId: string, kind: StreamKind): string {
  const { streams } = useDeps()
  return useSyncExternalStore(streams.subscribe, () => streams.text(threadId, kind))
}
