import type { Task } from '../../../prisma/generated/client.ts'
import type { Prisma, Sql } from '../db.ts'
import { type Change, runEvent } from './change.ts'
import { renewJobs } from './queue.ts'

/** Those that have started on the task's work. One that runs without a base yet is about to store the one that it chose before. */
const startedOn = ({ id }: Task) =>
  ({
    prerequisites: { some: { prerequisiteId: id } },
    OR: [{ baseSha: { not: null } }, { state: 'active' }],
  }) satisfies Prisma.TaskWhereInput

/** Says of every dependant that has started on the task's work that this work is no longer what it stands on. */
export async function markDependantsStale({ sql, event }: Change, task: Task, reason: string): Promise<void> {
  const started = await sql.task.findMany({
    where: {
      ...startedOn(task),
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

/** The commit with which a task was ready before, where others have started on it: ready with the same again, it has not changed for them. */
export async function lastReadyHead(sql: Sql, { id, projectId, attempt }: Task): Promise<string | null> {
  if (attempt <= 1) return null
  const started = await sql.edge.count({ where: { prerequisiteId: id, task: { baseSha: { not: null } } } })
  if (started === 0) return null
  const event = await sql.event.findFirst({
    where: { projectId, taskId: id, type: 'task.ready' },
    orderBy: { seq: 'desc' },
    select: { payload: true },
  })
  return (event?.payload as { headSha?: string } | undefined)?.headSha ?? null
}

/**
 * Takes a dismissed task from the prerequisites of those that have started on its work: they are stale, and nothing else could ever let
 * them run again, be it on what they have or anew without it. One that has not started keeps it, so that people decide.
 */
export async function dropFromStarted(change: Change, task: Task): Promise<void> {
  const { sql, event } = change
  const started = await sql.task.findMany({ where: startedOn(task), orderBy: { id: 'asc' } })
  if (started.length === 0) return
  await sql.edge.deleteMany({ where: { prerequisiteId: task.id, taskId: { in: started.map(({ id }) => id) } } })
  for (const dependant of started) event(runEvent(dependant, 'updated', { fields: ['dependsOn'] }))
  await renewJobs(
    change,
    started.filter(({ state, jobNumber }) => state === 'queued' && jobNumber !== null),
  )
}
