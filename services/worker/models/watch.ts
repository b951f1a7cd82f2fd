import { abortError } from './errors.ts'
import { BrokenReply } from './faults.ts'
import type { Fetch } from './providers.ts'

export type StallLimits = {
  /** Milliseconds from the request to the first piece of text, reasoning or call. */
  firstTokenMs: number
  /** Milliseconds without any byte after that. */
  idleMs: number
}

/**
 * Watches one request for silence. `signal` aborts it when the caller does or when it stalls; `stopped` rejects at
 * that moment, so that nobody waits for a connection to notice. Bytes count as life (providers send pings), but only
 * output ends the wait for the first token.
 */
export const createWatch = (limits: StallLimits, caller: AbortSignal) => {
  const stop = new AbortController()
  const { promise: stopped, reject } = Promise.withResolvers<never>()
  stopped.catch(() => {})
  const end = (error: Error) => {
    reject(error)
    stop.abort(error)
  }
  const onAbort = () => end(abortError(caller))
  if (caller.aborted) onAbort()
  else caller.addEventListener('abort', onAbort, { once: true })
  const stalled = (what: string, ms: number) =>
    setTimeout(() => end(new BrokenReply(`The provider ${what} for ${ms} ms.`)), ms)

  let started = false
  let timer = stalled('sent no first token', limits.firstTokenMs)
  const output = () => {
    if (started) return
    started = true
    clearTimeout(timer)
    timer = stalled('went silent', limits.idleMs)
  }

  const fetch: Fetch = async (input, init) => {
    // A redirect would carry the key to wherever it points.
    const response = await globalThis.fetch(input, { ...init, redirect: 'error' })
    const seen = new TransformStream<Uint8Array, Uint8Array>({
      transform: (bytes, controller) => {
        if (started) timer.refresh()
        controller.enqueue(bytes)
      },
    })
    const { status, statusText, headers } = response
    return new Response(response.body?.pipeThrough(seen) ?? null, { status, statusText, headers })
  }

  return {
    fetch,
    signal: stop.signal,
    stopped,
    output,
    /** Lets go of the connection, the timer and the caller's signal. */
    end: () => {
      clearTimeout(timer)
      caller.removeEventListener('abort', onAbort)
      stop.abort()
    },
  }
}
