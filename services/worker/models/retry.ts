import { setTimeout as delay } from 'node:timers/promises'
import { abortError, ModelLimited, ModelRefused, ModelUnavailable } from './errors.ts'
import { type Fault, readFault } from './faults.ts'

export type RetryLimits = {
  /** Most attempts. */
  attempts: number
  /** Ceiling of the first random wait; doubles with every attempt. */
  backoffMs: number
  backoffMaxMs: number
  /** A `Retry-After` up to here is waited for; a longer one ends in ModelLimited. */
  patienceMs: number
  /** Time for everything: attempts and waits. */
  totalMs: number
}

export type RetryDeps = {
  limits: RetryLimits
  /** Takes credentials out of the provider's words. */
  redact: (text: string) => string
  /** Told before every wait. */
  onRetry: (event: { attempt: number; waitMs: number; reason: string; status?: number | undefined }) => void
  now?: () => number
  random?: () => number
}

/** Exponential with full jitter: anything from 0 to the ceiling, so that many tasks do not come back in step. */
export const backoff = (limits: RetryLimits, attempt: number, random: number): number =>
  Math.floor(random * Math.min(limits.backoffMaxMs, limits.backoffMs * 2 ** (attempt - 1)))

const asError = (fault: Fault, message: string, details: { attempts: number; until: Date }): Error => {
  if (fault.kind === 'refused') return new ModelRefused(message, { code: fault.code, status: fault.status })
  if (fault.kind === 'limited') return new ModelLimited(message, { until: details.until })
  return new ModelUnavailable(`No complete reply after ${details.attempts} attempts. Last: ${message}`, details)
}

/**
 * Runs `attempt` until it resolves. Throws ModelRefused at once when trying again cannot help, ModelLimited when the
 * provider wants a longer wait than our patience (or still limits after the last attempt), ModelUnavailable when the
 * attempts or the time are used up, and an AbortError promptly on abort. The thrown errors carry no cause: the AI SDK's
 * errors hold headers and whole requests.
 */
export const withRetries = async <T>(
  attempt: (n: number, signal: AbortSignal) => Promise<T>,
  signal: AbortSignal,
  { limits, redact, onRetry, now = Date.now, random = Math.random }: RetryDeps,
): Promise<T> => {
  const deadline = now() + limits.totalMs
  const timeUp = AbortSignal.timeout(limits.totalMs)
  const either = AbortSignal.any([signal, timeUp])
  for (let n = 1; ; n++) {
    if (signal.aborted) throw abortError(signal)
    try {
      return await attempt(n, either)
    } catch (error) {
      if (signal.aborted) throw abortError(signal)
      const at = now()
      const late = timeUp.aborted
      const fault: Fault = late
        ? { kind: 'broken', message: `The reply took longer than ${limits.totalMs} ms.` }
        : readFault(error, at)
      const message = redact(fault.message)
      const asked = fault.kind === 'refused' ? undefined : fault.retryAfterMs
      const waitMs = (asked ?? 0) + backoff(limits, n, random())
      const until = new Date(at + (asked ?? limits.patienceMs))
      const impatient = asked !== undefined && asked > limits.patienceMs
      if (impatient) throw new ModelLimited(message, { until })
      if (fault.kind === 'refused' || late || n >= limits.attempts || at + waitMs >= deadline) {
        throw asError(fault, message, { attempts: n, until })
      }
      onRetry({ attempt: n, waitMs, reason: message, status: fault.status })
      await delay(waitMs, undefined, { signal }).catch(() => {})
    }
  }
}
