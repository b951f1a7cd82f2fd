import { LIMITS } from '../../domain/limits.ts'
import type { Change } from './change.ts'
import { brokenRunPauseMs } from './park.ts'
import type { ApplyItem, LineFence } from './types.ts'

/** How often an apply has broken, and how far it had come. */
export interface Broken {
  breaks: number
  phase: string
}

/** Null where the apply is over: what broke then was the answer, not the write. */
export async function countBreak({ sql }: Change, { id }: ApplyItem): Promise<Broken | null> {
  const [row] = await sql.$queryRaw<[Broken?]>`
    UPDATE applies SET breaks = breaks + 1 WHERE id = ${id}::uuid AND finished_at IS NULL RETURNING breaks, phase`
  return row ?? null
}

/**
 * Nobody may claim the line until the pause is over, so that a break does not spin. The epoch moves on: what the broken try may still have
 * under way, at the git store or in a container, comes too late.
 */
export async function rest({ sql }: Change, { projectId }: LineFence, breaks: number): Promise<void> {
  await sql.$executeRaw`
    UPDATE projects SET apply_epoch = apply_epoch + 1, apply_lease_owner = NULL,
      apply_lease_until = now() + ${brokenRunPauseMs(breaks)} * interval '1 millisecond'
    WHERE id = ${projectId}::uuid`
}

/** The break from which on it is no blip: people are told, once, while it is tried again. */
export const toldAtBreak = 3

/** What people read in the thread while an apply that breaks is tried again. */
export const breakNotice = (reason: string): string =>
  `Applying this broke ${toldAtBreak} times, for reasons of Slipway’s own. It is tried again by itself, ${LIMITS.engine.brokenRuns} times in all. The last time: ${reason}`

/** After a swap whose answer did not come only git knows whether it took place. */
export function brokenMessage({ number }: ApplyItem, { breaks, phase }: Broken, reason: string): string {
  const main =
    phase === 'swapping'
      ? 'Whether the main version has it by now could not be found out; nothing enters it twice.'
      : 'The main version was left as it is.'
  const again = number === null ? 'Say in the thread that it is to be tried again.' : 'Apply it again.'
  return `Slipway could not apply this ${breaks} times in a row, for reasons of its own. ${main} ${again} The last time: ${reason}`
}
