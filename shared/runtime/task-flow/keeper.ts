import { setTimeout as pause } from 'node:timers/promises'
import pg from 'pg'
import { LIMITS } from '../../domain/limits.ts'
import type { HintListener } from '../hints.ts'
import type { Names } from '../names.ts'
import type { Service } from '../service.ts'
import type { StoreDeps } from '../task-store/change.ts'
import type { TaskFlow } from './index.ts'
import { rebuildAfterLoss, reconcile, removeOrphans } from './reconcile.ts'
import { relayOutbox } from './relay.ts'

/** Any fixed number: one keeper for each database. */
const KEEPER_LOCK = 7_106_111

export interface KeeperDeps extends StoreDeps {
  flow: TaskFlow
  listener: HintListener
  names: Names
  databaseUrl: string
  /** Tells this installation's Redis from any other. */
  installation: string
}

/**
 * Relay and reconciler. It stands in every worker, and the one that holds an advisory lock works. The lock ends with its
 * connection, and Postgres ends that when nothing comes over it: so another takes over when the keeper dies, hangs or is cut
 * off. Two at once for a moment do no harm, as all they do may be repeated.
 */
export function createKeeper(deps: KeeperDeps): Service {
  const stopping = new AbortController()
  let wake = () => {}
  let woken = false
  let ended: Promise<void> = Promise.resolve()
  let stopListening = () => {}

  /** Also a hint that came while nobody waited counts. */
  const untilWoken = async (ms: number) => {
    const over = new AbortController()
    const hint = new Promise<void>(resolve => (wake = resolve))
    if (!woken) {
      await Promise.race([
        pause(ms, undefined, { signal: AbortSignal.any([stopping.signal, over.signal]) }).catch(() => {}),
        hint,
      ])
    }
    over.abort()
  }

  const keep = async () => {
    const lock = new pg.Client({ connectionString: deps.databaseUrl })
    let alive = true
    lock.on('error', () => (alive = false))
    lock.on('end', () => (alive = false))
    const beat = setInterval(() => void lock.query('SELECT 1').catch(() => {}), LIMITS.engine.keeperBeatMs)
    try {
      await lock.connect()
      await lock.query(`SET idle_session_timeout = ${LIMITS.engine.keeperSilentMs}`)
      while (!(await tryLock(lock))) {
        await pause(LIMITS.engine.relayEveryMs, undefined, { signal: stopping.signal }).catch(() => {})
        if (stopping.signal.aborted) return
      }
      await removeOrphans(deps)
      let reconciledAt = 0
      while (alive && !stopping.signal.aborted) {
        if (Date.now() - reconciledAt > LIMITS.engine.reconcileEveryMs / 5) {
          await rebuildAfterLoss(deps, deps.installation)
          await reconcile(deps)
          reconciledAt = Date.now()
        }
        woken = false
        const carried = await relayOutbox(deps)
        if (carried === 0) await untilWoken(LIMITS.engine.relayEveryMs)
      }
    } finally {
      clearInterval(beat)
      await lock.end().catch(() => {})
    }
  }

  return {
    async start() {
      stopListening = deps.listener.listen(deps.names.channels.outbox, () => {
        woken = true
        wake()
      })
      ended = (async () => {
        while (!stopping.signal.aborted) {
          await keep().catch((error: Error) => deps.log.warn({ err: error }, 'keeper.failed'))
          await pause(LIMITS.engine.relayEveryMs, undefined, { signal: stopping.signal }).catch(() => {})
        }
      })()
    },
    async stop() {
      stopping.abort()
      stopListening()
      await ended
    },
  }
}

async function tryLock(client: pg.Client): Promise<boolean> {
  const { rows } = await client.query<{ held: boolean }>('SELECT pg_try_advisory_lock($1) AS held', [KEEPER_LOCK])
  return rows[0]?.held ?? false
}
