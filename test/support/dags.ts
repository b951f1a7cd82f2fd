import type { TaskState } from '../../shared/domain/task-state.ts'
import { draft } from './engine.ts'

/** What becomes of a task when it runs. */
export type Fate = 'ready' | 'failed'

export interface Dag {
  drafts: ReturnType<typeof draft>[]
  /** By key. */
  fates: Map<string, Fate>
  /** Keys of tasks that somebody tries to cancel, and of those whose last edge somebody tries to remove. */
  cancelled: string[]
  freed: string[]
}

/** A random graph of 2 to `most` tasks, each with up to three prerequisites among those before it. */
export function randomDag(random: () => number, most = 30): Dag {
  const below = (count: number) => Math.floor(random() * count)
  const size = 2 + Math.floor((most - 1) * random() ** 2)
  const keys = Array.from({ length: size }, (_, index) => `t${index}`)
  const drafts = keys.map((key, index) => {
    const wanted = index === 0 ? 0 : below(4)
    const prerequisites = new Set(Array.from({ length: wanted }, () => keys[below(index)]!))
    return draft(key, [...prerequisites], { priority: below(5) - 2 })
  })
  const some = (share: number) => keys.filter(() => random() < share)
  const failing = new Set(some(0.05))
  return {
    drafts,
    fates: new Map(keys.map(key => [key, failing.has(key) ? 'failed' : 'ready'])),
    cancelled: some(0.05),
    freed: some(0.08).filter(key => drafts.find(draft => draft.key === key)!.dependsOn.length > 0),
  }
}

/**
 * The state in which each task of a settled graph must be: it ran, if all of its prerequisites succeeded, and else still waits
 * for them. `cancelled` are those whose cancellation was granted, `edges` those that are left in the end.
 */
export function settledStates(
  edges: ReadonlyMap<string, readonly string[]>,
  fates: ReadonlyMap<string, Fate>,
  cancelled: ReadonlySet<string>,
): Map<string, TaskState> {
  const states = new Map<string, TaskState>()
  const settle = (key: string): TaskState => {
    const known = states.get(key)
    if (known) return known
    const free = (edges.get(key) ?? []).map(settle).every(state => state === 'ready')
    const state = cancelled.has(key) ? 'cancelled' : free ? fates.get(key)! : 'queued'
    states.set(key, state)
    return state
  }
  for (const key of edges.keys()) settle(key)
  return states
}
