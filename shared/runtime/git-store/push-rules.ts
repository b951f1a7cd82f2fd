import type { TaskState } from '../../domain/task-state.ts'
import { HIDDEN } from './refs.ts'
import type { RefUpdate, Verdict } from './types.ts'

const TASK_BRANCHES = 'refs/heads/tasks'

/** States of a task in which people may push to its branch. */
const OPEN: readonly TaskState[] = ['ready', 'failed']

/**
 * Who may push what: the default branch forward only, the branch of a task that is ready or failed, and branches and
 * tags of one's own. Never Slipway's refs, never a task that is running, and no branch below `tasks/` without a task.
 * @param project.taskStates the state of each task by its branch's full ref (`refs/heads/tasks/7-title`)
 */
export function judgePush(
  updates: readonly RefUpdate[],
  project: { defaultBranch: string; taskStates: ReadonlyMap<string, TaskState> },
): Verdict {
  for (const update of updates) {
    const reason = reservedReason(update) ?? defaultBranchReason(update, project) ?? taskReason(update, project)
    if (reason !== null) return { ok: false, reason }
  }
  return { ok: true }
}

/** What holds for every project, whoever asks: why this ref is not open to pushes at all, null if it may be. */
export function reservedReason({ ref }: RefUpdate): string | null {
  if (ref === HIDDEN || ref.startsWith(`${HIDDEN}/`)) return `${ref} belongs to Slipway`
  if (ref === TASK_BRANCHES) return 'a branch named "tasks" would stand in the way of the tasks\' branches'
  if (!ref.startsWith('refs/heads/') && !ref.startsWith('refs/tags/')) return `${ref} is neither a branch nor a tag`
  return null
}

function defaultBranchReason({ ref, next, fastForward }: RefUpdate, project: { defaultBranch: string }): string | null {
  if (ref !== `refs/heads/${project.defaultBranch}`) return null
  if (next === null) return `${project.defaultBranch} cannot be deleted`
  return fastForward ? null : `${project.defaultBranch} only moves forward: fetch, merge or rebase, and push again`
}

function taskReason({ ref, next }: RefUpdate, project: { taskStates: ReadonlyMap<string, TaskState> }): string | null {
  if (!ref.startsWith(`${TASK_BRANCHES}/`)) return null
  const branch = ref.slice('refs/heads/'.length)
  const state = project.taskStates.get(ref)
  if (state === undefined) return `${branch} is no task's branch, and "tasks/" holds only those`
  if (next === null) return `${branch} belongs to its task: dismiss the task instead`
  if (!OPEN.includes(state)) return `the task of ${branch} is ${state}: push when it is ready or failed`
  return null
}
