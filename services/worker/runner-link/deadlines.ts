import type { RunnerCall } from '../../../shared/contract/runner.ts'
import { LIMITS } from '../../../shared/domain/limits.ts'

/** How long the worker waits for a runner, in milliseconds. Only time spent waiting for the runner counts. */
export type Deadlines = {
  /** From the start to `opened`, with the base going in. */
  open: number
  /** For a call other than `bash`. */
  call: number
  /** On top of a command's own timeout: ending it, clearing up. */
  commandSlack: number
  /** For the checkpoint after the calls, with the bundle coming out. */
  checkpoint: number
  /** Nothing at all heard from a runner that should be busy. */
  silence: number
}

export const DEADLINES: Deadlines = {
  open: LIMITS.frames.openTimeoutMs,
  call: 60_000,
  commandSlack: 30_000,
  checkpoint: 180_000,
  silence: 45_000,
}

/** The most that a turn's calls may take together until the runner asks for the next turn. */
export function turnBudget(calls: readonly RunnerCall[], deadlines: Deadlines): number {
  const own = calls.filter(call => call.where === 'container')
  return deadlines.checkpoint + own.reduce((sum, call) => sum + callBudget(call, deadlines), 0)
}

function callBudget({ name, args }: RunnerCall, { call, commandSlack }: Deadlines): number {
  if (name !== 'bash') return call
  const asked = (args as { timeoutSeconds?: unknown } | null)?.timeoutSeconds
  const seconds = typeof asked === 'number' && asked > 0 ? asked : LIMITS.tools.bashTimeoutSeconds
  return Math.min(seconds, LIMITS.tools.bashMaxTimeoutSeconds) * 1_000 + commandSlack
}
