import type { Task } from '../../../../shared/contract/task.ts'
import { isHidden } from '../../../../shared/domain/task-state.ts'

/** What the agent proposed in a thread: drafts to be reviewed, and those that were accepted. */
export function proposedIn(threadId: string, tasks: readonly Task[]): { drafts: Task[]; accepted: Task[] } {
  const own = tasks.filter(task => task.proposedInThreadId === threadId && !isHidden(task.state))
  return {
    drafts: own.filter(({ state }) => state === 'draft'),
    accepted: own.filter(({ state }) => state !== 'draft'),
  }
}

/** The drafts that chosen ones wait for, directly or not, and that are not chosen with them. */
export function leftBehind(chosen: readonly Task[], tasks: readonly Task[]): Task[] {
  const byId = new Map(tasks.map(task => [task.id, task]))
  const seen = new Set(chosen.map(({ id }) => id))
  const missing: Task[] = []
  const look = (task: Task) => {
    for (const id of task.dependsOn) {
      const before = byId.get(id)
      if (before?.state !== 'draft' || seen.has(id)) continue
      seen.add(id)
      missing.push(before)
      look(before)
    }
  }
  for (const task of chosen) look(task)
  return missing
}
