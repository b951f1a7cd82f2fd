import { LIMITS } from '../../domain/limits.ts'
import type { Change } from './change.ts'
import type { Held } from './fence.ts'
import { move } from './move.ts'
import type { Parked } from './types.ts'

/** Ends a run as waiting; at `until` the reconciler wakes it. Whoever calls this fills the slot. */
export async function parkRun(change: Change, { task, now }: Held, parked: Parked): Promise<void> {
  const waitingFor = { ...parked }
  const dueAt = parked.until ? new Date(parked.until) : null
  await move(change, { task, now }, 'waiting', { waitingFor, dueAt }, { waitingFor })
}

/** How long a task rests whose runs, or a line whose first apply, broke so often in a row, for reasons of ours. */
export const brokenRunPauseMs = (brokenRuns: number): number =>
  Math.min(LIMITS.engine.brokenRunPauseMaxMs, LIMITS.engine.brokenRunPauseMs * 2 ** (brokenRuns - 1))
