import type { Task } from '../../../prisma/generated/client.ts'
import type { ProjectSettings } from '../../contract/project.ts'
import { requestApply, unappliedPrerequisites } from './apply-request.ts'
import type { Change } from './change.ts'
import { lockTasks } from './lock.ts'
import { stateOf } from './move.ts'

/**
 * Where the project says so, a task of the board goes into the line of applies in the transaction that makes it ready: unless its
 * checks failed, it is stale, or something that it builds on is held back by the same, or was refused by the main version before. A
 * task that an apply gave back is not asked for again until somebody's feedback has made it ready anew, so no conflict goes in circles.
 * The organization must be locked.
 */
export async function autoApply(change: Change, task: Pick<Task, 'id' | 'kind' | 'projectId'>): Promise<void> {
  if (task.kind !== 'board') return
  const project = await change.sql.project.findUniqueOrThrow({
    where: { id: task.projectId },
    select: { settings: true },
  })
  if (!(project.settings as ProjectSettings).autoApply) return
  const graph = await unappliedPrerequisites(change, task.id)
  const { tasks } = await lockTasks(change.sql, [...graph.keys()])
  if (tasks.every(isFit)) await requestApply(change, task.id)
}

const isFit = (task: Task): boolean =>
  (stateOf(task) === 'ready' || stateOf(task) === 'applying' || stateOf(task) === 'done') &&
  task.staleReason === null &&
  task.failureCode === null &&
  task.checkStatus !== 'failed'
