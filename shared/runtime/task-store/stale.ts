import type { Task } from '../../../prisma/generated/client.ts'
import type { Change } from './change.ts'

/**
 * Says of every dependant that has started on the task's work that this work is no longer what it stands on. One that runs without
 * a base yet is about to store the one that it chose before.
 */
export async function markDependantsStale({ sql, event }: Change, task: Task, reason: string): Promise<void> {
  const started = await sql.task.findMany({
    where: {
      prerequisites: { some: { prerequisiteId: task.id } },
      OR: [{ baseSha: { not: null } }, { state: 'active' }],
      staleReason: null,
      state: { in: ['queued', 'active', 'waiting', 'ready', 'failed', 'cancelled'] },
    },
    select: { id: true, threadId: true },
    orderBy: { id: 'asc' },
  })
  if (started.length === 0) return
  await sql.task.updateMany({ where: { id: { in: started.map(({ id }) => id) } }, data: { staleReason: reason } })
  for (const { id, threadId } of started) {
    event({
      projectId: task.projectId,
      type: 'task.updated',
      taskId: id,
      threadId,
      payload: { fields: ['stale'], reason },
    })
  }
}
