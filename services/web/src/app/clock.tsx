import { createContext, type ReactNode, useContext, useMemo, useSyncExternalStore } from 'react'

interface Clock {
  now(): number
  subscribe(listener: () => void): () => void
}

/** One tick a second for everything that shows a running time, and none while nothing does. */
export function createClock(): Clock {
  const listeners = new Set<() => void>()
  let timer: ReturnType<typeof setInterval> | undefined
  let now = Date.now()
  const tick = () => {
    now = Date.now()
    for (const listener of listeners) listener()
  }
  return {
    now: () => now,
    subscribe: listener => {
      if (listeners.size === 0) {
        now = Date.now()
        timer = setInterval(tick, 1_000)
      }
      listeners.add(listener)
      return () => {
        listeners.delete(listener)
        if (listeners.size === 0) clearInterval(timer)
      }
    },
  }
}

const ClockContext = createContext<Clock | null>(null)

export function ClockProvider({ children }: { children: ReactNode }) {
  return <ClockContext value={useMemo(createClock, [])}>{children}</ClockContext>
}

/** Milliseconds since 1970, once a second. Mount the component that calls it only while its time runs. */
export function useNow(): number {
  const clock = useContext(ClockContext)
  if (!clock) throw new Error('useNow needs ClockProvider around it')
  return useSyncExternalStore(clock.subscribe, clock.now)
}
