import { onTestFinished } from 'vitest'
import type { Database } from '../../shared/runtime/db.ts'
import type { TaskFlow } from '../../shared/runtime/task-flow/index.ts'
import { relayOutbox } from '../../shared/runtime/task-flow/relay.ts'
import type { Engine } from './engine.ts'

/** The relay alone, without the reconciler that repairs what it misses. Ends with the test. */
export function startRelay(
  engine: Engine,
  { db = engine.db, flow = engine.flow }: { db?: Database; flow?: TaskFlow } = {},
): void {
  let running = true
  const ended = (async () => {
    while (running) {
      const carried = await relayOutbox({ db, flow })
      if (carried === 0) await new Promise(resolve => setTimeout(resolve, 5))
    }
  })()
  onTestFinished(async () => {
    running = false
    await ended
  })
}
