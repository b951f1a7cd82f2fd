import type { Task } from '../../../prisma/generated/client.ts'
import type { Sql } from '../db.ts'
import { type Change, runEvent } from './change.ts'
import { discardJob, enqueue } from './queue.ts'

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
  const dropped = await change.sql.$queryRaw<Dropped[]>`
    DELETE FROM edges e USING tasks t
    WHERE e.prerequisite_id = ${task.id}::uuid AND t.id = e.task_id AND (t.base_sha IS NOT NULL OR t.state = 'active')
    RETURNING t.id, t.kind, t.project_id AS "projectId", t.thread_id AS "threadId", t.state, t.job_number AS "jobNumber"`
  for (const dependant of dropped) change.event(runEvent(dependant, 'updated', { fields: ['dependsOn'] }))
  const held = dropped.filter(({ state, jobNumber }) => state === 'queued' && jobNumber !== null)
  for (const dependant of held) await discardJob(change, dependant)
  await enqueue(
    change,
    held.map(({ id }) => id),
  )
}

type Dropped = Pick<Task, 'id' | 'kind' | 'projectId' | 'threadId' | 'state' | 'jobNumber'>
