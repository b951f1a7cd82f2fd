import { useEffect, useState } from 'react'

/**
 * The number of the last message that was shown on an earlier visit, or null on the first.
 * @param newest number of the thread's newest message, remembered for the next visit
 */
export function useLastSeen(threadId: string, newest: number | undefined): number | null {
  const key = `slipway.seen.${threadId}`
  const [before] = useState(() => Number(sessionStorage.getItem(key)) || null)
  useEffect(() => {
    if (newest !== undefined) sessionStorage.setItem(key, String(newest))
  }, [key, newest])
  return before
}
