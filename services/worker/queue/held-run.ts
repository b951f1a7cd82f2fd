import { setTimeout as pause } from 'node:timers/promises'
import { LIMITS } from '../../../shared/domain/limits.ts'
import { GitStoreError } from '../../../shared/runtime/git-store/errors.ts'
import type { HintListener } from '../../../shared/runtime/hints.ts'
import type { Log } from '../../../shared/runtime/log.ts'
import type { Names } from '../../../shared/runtime/names.ts'
import { Fenced } from '../../../shared/runtime/refused.ts'
import type { Claim, RunStore } from '../../../shared/runtime/task-store/types.ts'

/** Why a run was told to stop. */
export type StopReason = 'fenced' | 'shutdown'

export class RunStopped extends Error {
  override name = 'RunStopped'
  readonly reason: StopReason
  constructor(reason: StopReason) {
    super(reason === 'shutdown' ? 'The worker shuts down.' : 'Another run holds the task, or it is no longer active.')
    this.reason = reason
  }
}

export interface HeldRunDeps {
  store: Pick<RunStore, 'renew' | 'giveBack'>
  listener: HintListener
  names: Names
  log: Log
  /** Does the task's work and moves it on; throws when it cannot. */
  execute(claim: Claim, signal: AbortSignal): Promise<void>
}

/**
 * Runs a claimed task while its lease is renewed. The signal fires when the claim is lost (cancelled, taken over, or not
 * renewed in time) or the worker shuts down; the fence in Postgres, not the signal, is what keeps late writes out.
 */
export async function holdRun(deps: HeldRunDeps, claim: Claim, shutdown: AbortSignal): Promise<void> {
  const log = deps.log.child({ taskId: claim.taskId, epoch: Number(claim.epoch) })
  const run = new AbortController()
  const stop = (reason: StopReason) => run.abort(new RunStopped(reason))
  const onShutdown = () => stop('shutdown')
  if (shutdown.aborted) onShutdown()
  shutdown.addEventListener('abort', onShutdown)
  const lease = renewLease(deps, claim, stop, log)
  log.info({ title: claim.title, attempt: claim.attempt }, 'run.started')
  try {
    await deps.execute(claim, run.signal)
    log.info('run.ended')
  } catch (error) {
    const reason = run.signal.reason instanceof RunStopped ? run.signal.reason.reason : null
    if (isFenced(error) || reason === 'fenced') log.info({ reason }, 'run.lost')
    else if (reason === 'shutdown') await giveBack(deps, claim, log)
    else await giveBackBroken(deps, claim, error as Error, shutdown, log)
  } finally {
    shutdown.removeEventListener('abort', onShutdown)
    lease.end()
  }
}

/** Postgres or the git store has refused a write of this epoch. */
export const isFenced = (error: unknown): boolean =>
  error instanceof Fenced || (error instanceof GitStoreError && error.code === 'fenced')

function renewLease(deps: HeldRunDeps, claim: Claim, stop: (reason: StopReason) => void, log: Log): { end(): void } {
  let renewedAt = performance.now()
  let busy = false
  const renew = async () => {
    if (busy) return
    busy = true
    const askedAt = performance.now()
    try {
      await deps.store.renew(claim)
      renewedAt = askedAt
    } catch (error) {
      if (error instanceof Fenced) stop('fenced')
      else log.warn({ err: error }, 'lease.not_renewed')
    } finally {
      busy = false
    }
  }
  const timer = setInterval(() => {
    if (performance.now() - renewedAt > LIMITS.engine.leaseMs) stop('fenced')
    void renew()
  }, LIMITS.engine.renewMs)
  const stopListening = deps.listener.listen(deps.names.channels.task(claim.taskId), () => void renew())
  return {
    end() {
      clearInterval(timer)
      stopListening()
    },
  }
}

async function giveBack({ store }: HeldRunDeps, claim: Claim, log: Log): Promise<void> {
  await store.giveBack(claim).then(
    () => log.info('run.given_back'),
    (error: Error) => log.warn({ err: error }, 'run.not_given_back'),
  )
}

/**
 * Something of ours does not work (Docker, the git store, the database): the task rests without a slot, is tried again, and is failed in the
 * end. Where it was the database, that may not take the task back at once.
 */
async function giveBackBroken(
  { store }: HeldRunDeps,
  claim: Claim,
  error: Error,
  shutdown: AbortSignal,
  log: Log,
): Promise<void> {
  log.error({ err: error }, 'run.broken')
  await store
    .giveBack(claim, error.message)
    .catch(async (failure: Error) => {
      if (failure instanceof Fenced) throw failure
      await pause(LIMITS.engine.brokenRunPauseMs, undefined, { signal: shutdown }).catch(() => {})
      await store.giveBack(claim, error.message)
    })
    .catch((failure: Error) => log.warn({ err: failure }, 'run.not_given_back'))
}
