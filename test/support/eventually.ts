import { setTimeout as delay } from 'node:timers/promises'

/**
 * Calls the function until it stops throwing and gives its result; so a test waits for a situation instead of for some time.
 * At the deadline (30 s) it throws what the function threw last.
 */
export async function eventually<T>(
  attempt: () => T | Promise<T>,
  options: { timeoutMs?: number; intervalMs?: number } = {},
): Promise<T> {
  const { timeoutMs = 30_000, intervalMs = 25 } = options
  const deadline = Date.now() + timeoutMs
  for (;;) {
    try {
      return await attempt()
    } catch (error) {
      if (Date.now() >= deadline) throw error
      await delay(intervalMs)
    }
  }
}
