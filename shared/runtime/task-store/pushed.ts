import type { Task } from '../../../prisma/generated/client.ts'
import { branchName, taskNumberOf } from '../../domain/slug.ts'
import type { Sql } from '../db.ts'
import type { Change } from './change.ts'
import { lockTask } from './lock.ts'
import { tellPeople } from './messages.ts'
import { stateOf } from './move.ts'
import { markDependantsStale } from './stale.ts'

/** Somebody pushed to the branch of a ready or failed task: that is its head now, which no check has seen. */
export async function branchPushed(change: Change, projectId: string, branch: string, headSha: string): Promise<void> {
  const task = await lockTaskOf(change.sql, projectId, branch)
  if (!task) return
  if (stateOf(task) === 'ready' || stateOf(task) === 'failed') await takePush(change, task, { branch, headSha })
  else await tooLate(change, task, headSha)
}

/**
 * The branch of a ready task was found to show another commit than the head that was read before: a push that nobody has heard of, unless
 * the task has moved on since and it is its own doing.
 */
export async function branchFound(
  change: Change,
  projectId: string,
  { branch, before, headSha }: { branch: string; before: string | null; headSha: string },
): Promise<void> {
  const task = await lockTaskOf(change.sql, projectId, branch)
  if (task && stateOf(task) === 'ready' && task.headSha === before) await takePush(change, task, { branch, headSha })
}

async function lockTaskOf(sql: Sql, projectId: string, branch: string): Promise<Task | null> {
  const number = taskNumberOf(branch)
  if (number === null) return null
  const known = await sql.task.findUnique({ where: { projectId_number: { projectId, number } }, select: { id: true } })
  if (!known) return null
  const { task } = await lockTask(sql, known.id)
  return branchName(number, task.title) === branch ? task : null
}

async function takePush(
  change: Change,
  task: Task,
  { branch, headSha }: { branch: string; headSha: string },
): Promise<void> {
  const { id: taskId, projectId, threadId } = task
  await change.sql.task.update({
    where: { id: taskId },
    data: { branch, headSha, ...(task.checkStatus && { checkStatus: 'stale', checkPassed: null, checkFailed: null }) },
  })
  await markDependantsStale(change, task, `“${task.title}”, on which it builds, was changed by a push`)
  const payload = { fields: ['headSha', 'checks'], headSha }
  change.event({ projectId, type: 'task.updated', taskId, threadId, payload })
}

/** The task moved on between the look at whether the branch takes pushes and the push: the commit is not part of its work. */
async function tooLate(change: Change, task: Task, headSha: string): Promise<void> {
  const text = `A push came in as the task was ${task.state} already: its commit ${headSha.slice(0, 10)} is not part of the work. Push it again when the task is ready or failed.`
  await tellPeople(change, task, text)
}

/** The default branch moved by a push. */
export async function headMoved({ sql, event }: Change, projectId: string, headSha: string): Promise<void> {
  const { count } = await sql.project.updateMany({
    where: { id: projectId, headSha: { not: headSha } },
    data: { headSha },
  })
  if (count > 0) event({ projectId, type: 'project.head', payload: { headSha } })
}
