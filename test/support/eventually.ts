import { setTimeout as delay } from 'node:timers/promises'

/** The longest pause between two attempts, where the caller names none. */
const LONGEST_MS = 200

/**
 * Calls the function until it stops throwing and gives its result; so a test waits for a situation instead of for some time.
 * The longer it has waited, the less often it asks, unless `intervalMs` says how often. At the deadline (30 s) it throws what the
 * function threw last.
 */
export async function eventually<T>(
  attempt: () => T | Promise<T>,
  { timeoutMs = 30_000, intervalMs }: { timeoutMs?: number; intervalMs?: number } = {},
): Promise<T> {
  const began = performance.now()
  for (;;) {
    try {
      return await attempt()
    } catch (error) {
      const waited = performance.now() - began
      if (waited >= timeoutMs) throw error
      await delay(intervalMs ?? Math.min(LONGEST_MS, Math.max(25, waited / 20)))
    }
  }
}
