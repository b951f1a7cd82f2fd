import type { QueryKey } from '../api/keys.ts'

const MAX_PAUSE_MS = 3_000

/** Gathers what is out of date and has it read again. */
export interface Refresher {
  add(stale: readonly QueryKey[]): void
}

/**
 * Has the stale keys read in batches, one batch at a time: what comes in during a reading is read after it, so a busy
 * project costs one request after the other instead of one per event, and the last event is never missed. After a reading
 * it rests for as long as that took: large boards do not keep the API busy with nothing else.
 */
export function createRefresher(deps: {
  invalidate: (queryKeys: QueryKey[]) => Promise<unknown>
  /** Milliseconds to gather before each reading. */
  gatherMs: number
}): Refresher {
  const waiting = new Map<string, QueryKey>()
  let timer: ReturnType<typeof setTimeout> | undefined
  let reading = false
  let pauseMs = 0

  const schedule = () => {
    if (timer !== undefined || reading || waiting.size === 0) return
    timer = setTimeout(read, Math.max(deps.gatherMs, pauseMs))
  }
  const read = async () => {
    timer = undefined
    reading = true
    const startedAt = Date.now()
    const batch = [...waiting.values()]
    waiting.clear()
    try {
      await deps.invalidate(batch)
    } finally {
      reading = false
      pauseMs = Math.min(Date.now() - startedAt, MAX_PAUSE_MS)
      schedule()
    }
  }
  return {
    add: stale => {
      for (const key of stale) waiting.set(key.join(' '), key)
      schedule()
    },
  }
}
