import { satisfies, type TaskState } from './task-state.ts'

/** Why a queued or waiting task does not run. */
export const BLOCKED_REASONS = ['dependency', 'slot', 'host', 'answer', 'budget', 'pipeline', 'provider'] as const

export type BlockedReason = (typeof BLOCKED_REASONS)[number]

/** What a parked task waits for. */
export type WaitingFor = Extract<BlockedReason, 'answer' | 'budget' | 'pipeline' | 'provider'>

export interface Blocked {
  reason: BlockedReason
  /** Ids of what it waits for: prerequisites, a pipeline's tasks. */
  waitingOn: string[]
  /** Place in the line for a slot, from 1. */
  position?: number
  /** ISO 8601 time at which it goes on by itself. */
  until?: string
}

/** What is stored about a task, as far as it tells why it does not run. */
export interface BlockedFacts {
  state: TaskState
  /** Its direct prerequisites, in the order of `dependsOn`; a state that could not be read is null and counts as open. */
  prerequisites: readonly { id: string; state: TaskState | null }[]
  /** Place in the line for a slot of the organization or project, from 1; null while it stands in none. */
  inLine: number | null
  /** What a waiting task was parked for; null while it was not. */
  waitingFor: { reason: WaitingFor; waitingOn?: readonly string[]; until?: string | null } | null
  /** When a queued task is tried again whose runs broke; null or absent for others. */
  restsUntil?: string | null
}

/**
 * Why a task does not run, or null for one that runs, has ended, or is still a draft. Open prerequisites come before
 * the line for a slot; a queued task with neither waits for a host to take it.
 */
export function deriveBlocked({ state, prerequisites, inLine, waitingFor, restsUntil }: BlockedFacts): Blocked | null {
  if (state === 'waiting') {
    if (!waitingFor) return { reason: 'host', waitingOn: [] }
    const { reason, waitingOn = [], until } = waitingFor
    return { reason, waitingOn: [...waitingOn], ...(until ? { until } : {}) }
  }
  if (state !== 'queued') return null
  const open = openPrerequisites(prerequisites)
  if (open.length > 0) return { reason: 'dependency', waitingOn: open }
  if (inLine !== null) return { reason: 'slot', waitingOn: [], position: inLine }
  return { reason: 'host', waitingOn: [], ...(restsUntil ? { until: restsUntil } : {}) }
}

/**
 * What a task really waits for that waits for its sub-agents: where none of them runs, what the first of those waits for that are parked
 * themselves. Null where they go on.
 */
export function waitOfSubAgents(
  subAgents: readonly { state: TaskState; waitingFor: BlockedFacts['waitingFor'] }[],
): BlockedFacts['waitingFor'] {
  if (subAgents.some(({ state }) => state === 'active')) return null
  return subAgents.find(({ state }) => state === 'waiting')?.waitingFor ?? null
}

/** Ids of the prerequisites that do not let their dependant start yet, in the order as given. */
export function openPrerequisites(prerequisites: BlockedFacts['prerequisites']): string[] {
  return prerequisites.filter(({ state }) => state === null || !satisfies(state)).map(({ id }) => id)
}
