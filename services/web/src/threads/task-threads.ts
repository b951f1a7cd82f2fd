import type { Task } from '../../../../shared/contract/task.ts'
import { isHidden, type TaskState } from '../../../../shared/domain/task-state.ts'

const rank: Partial<Record<TaskState, number>> = { waiting: 0, failed: 1, active: 2, ready: 3, applying: 4, queued: 5 }

/** The tasks that have a conversation worth a look: what waits for a person first, then what goes on, then what is over. */
export function taskThreads(tasks: readonly Task[]): Task[] {
  const place = ({ state }: Task) => rank[state] ?? 6
  return tasks
    .filter(({ state }) => state !== 'draft' && !isHidden(state))
    .toSorted((one, other) => place(one) - place(other) || other.number - one.number)
}
