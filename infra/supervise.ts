import { setTimeout as delay } from 'node:timers/promises'

/** One running instance of something that is kept running. */
export type Running = { exited: Promise<void>; stop(): Promise<void> }

export type Supervised = {
  /** Ends it for good. */
  stop(): Promise<void>
}

const shortest = 500
const longest = 15_000
const settled = 60_000

/**
 * Keeps something running: whenever it ends on its own it is started again, after a pause that doubles from half a second to 15 seconds
 * while it keeps ending within a minute. A start that throws counts as an end. `first` is the instance that already runs.
 */
export function supervise(deps: {
  first: Running
  start: () => Promise<Running>
  onEnd: (reason: string, pauseMs: number) => void
}): Supervised {
  const { first, start, onEnd } = deps
  const stopping = new AbortController()
  let current: Running | null = first

  async function loop(): Promise<void> {
    let pause = shortest
    let reason = 'ended'
    while (!stopping.signal.aborted) {
      const started = Date.now()
      await current?.exited
      current = null
      if (stopping.signal.aborted) return
      if (Date.now() - started > settled) pause = shortest
      onEnd(reason, pause)
      await delay(pause, undefined, { signal: stopping.signal }).catch(() => {})
      pause = Math.min(pause * 2, longest)
      if (stopping.signal.aborted) return
      try {
        current = await start()
        reason = 'ended'
      } catch (error) {
        reason = `did not start: ${error instanceof Error ? error.message : error}`
      }
    }
  }

  const done = loop()
  return {
    async stop() {
      stopping.abort()
      await current?.stop()
      await done
      // A start that was under way when the stop came.
      await current?.stop()
    },
  }
}
