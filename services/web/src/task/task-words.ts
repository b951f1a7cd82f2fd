import type { ApplyPhase, Blocked, Task } from '../../../../shared/contract/task.ts'
import { ordinal, timeWords } from '../ui/time-words.ts'

type Named = Pick<Task, 'number' | 'title' | 'state'>

/**
 * Why a task does not run, as a sentence without its full stop.
 * @param find the tasks that it waits on, as far as they are known
 */
export function blockedWords(blocked: Blocked, find: (id: string) => Named | undefined): string {
  const until = blocked.until ? ` until ${timeWords(blocked.until)}` : ''
  switch (blocked.reason) {
    case 'dependency':
      return dependencyWords(blocked.waitingOn, find)
    case 'slot':
      return blocked.position ? `In line for a slot: ${ordinal(blocked.position)}` : 'In line for a slot'
    case 'host':
      return blocked.until ? `Its run broke; it is tried again at ${timeWords(blocked.until)}` : 'Waiting for a worker'
    case 'answer':
      return 'Waiting for your answer'
    case 'budget':
      return blocked.until ? 'Waiting for what is left of the budget' : 'Waiting: the budget is used up'
    case 'pipeline':
      return 'Waiting for its pipeline'
    case 'provider':
      return `The model's provider asks to wait${until}`
  }
}

function dependencyWords(ids: readonly string[], find: (id: string) => Named | undefined): string {
  const known = ids.flatMap(id => find(id) ?? [])
  const stuck = known.find(({ state }) => state === 'failed' || state === 'cancelled' || state === 'dismissed')
  if (stuck)
    return `Waiting for ${nameOf(stuck)}, which ${stuck.state === 'failed' ? 'has failed' : `was ${stuck.state}`}`
  const [first] = known
  if (!first) return ids.length > 1 ? `Waiting for ${ids.length} other tasks` : 'Waiting for another task'
  const more = ids.length - 1
  return `Waiting for ${nameOf(first)}${more > 0 ? ` and ${more} more` : ''}`
}

/** `#3 Write schema`; a sub-agent's task has no number. */
export const nameOf = ({ number, title }: Pick<Task, 'number' | 'title'>): string =>
  number > 0 ? `#${number} ${title}` : title

/** What happens to a task on its way into main. */
export function applyWords({ phase, position }: { phase: ApplyPhase; position: number }): string {
  if (phase === 'queued') return position > 1 ? `In line to be applied: ${ordinal(position)}` : 'Next to be applied'
  return {
    merging: 'Merging into main',
    resolving: 'Resolving a conflict',
    verifying: 'Running the checks on the merged result',
    swapping: 'Moving main',
  }[phase]
}

/** A check's result in words; the counts where a reporter gave them. */
export function checksWords(checks: NonNullable<Task['checks']>): string {
  const { status, passed, failed } = checks
  if (status === 'stale') return 'Checks out of date'
  if (failed) return passed === undefined ? `${failed} failed` : `${failed} failed, ${passed} passed`
  if (status === 'failed') return 'Checks failed'
  return passed === undefined ? 'Checks passed' : `${passed} passed`
}
