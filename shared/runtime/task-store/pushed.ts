import type { Change } from './change.ts'
import { lockTask } from './lock.ts'
import { stateOf } from './move.ts'
import { markDependantsStale } from './stale.ts'

/** Somebody pushed to the branch of a ready or failed task: that is its head now, which no check has seen. */
export async function branchPushed(change: Change, projectId: string, branch: string, headSha: string): Promise<void> {
  const { sql, event } = change
  const known = await sql.task.findFirst({ where: { projectId, branch }, select: { id: true } })
  if (!known) return
  const { task } = await lockTask(sql, known.id)
  if (stateOf(task) !== 'ready' && stateOf(task) !== 'failed') return
  await sql.task.update({
    where: { id: task.id },
    data: { headSha, ...(task.checkStatus && { checkStatus: 'stale', checkPassed: null, checkFailed: null }) },
  })
  await markDependantsStale(change, task, `“${task.title}”, on which it builds, was changed by a push`)
  event({
    projectId,
    type: 'task.updated',
    taskId: task.id,
    threadId: task.threadId,
    payload: { fields: ['headSha', 'checks'], headSha },
  })
}

/** The default branch moved by a push. */
export async function headMoved({ sql, event }: Change, projectId: string, headSha: string): Promise<void> {
  const { count } = await sql.project.updateMany({
    where: { id: projectId, headSha: { not: headSha } },
    data: { headSha },
  })
  if (count > 0) event({ projectId, type: 'project.head', payload: { headSha } })
}
