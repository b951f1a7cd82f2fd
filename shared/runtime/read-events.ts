import type { Event } from '../contract/event.ts'
import type { Database } from './db.ts'

interface EventRow {
  seq: bigint
  type: string
  task_id: string | null
  thread_id: string | null
  payload: Record<string, unknown>
  at: Date
}

/** A project's events after number `after`, in order, at most `limit`; an empty list also where there is no such project. */
export async function readEvents(db: Database, projectId: string, after: number, limit: number): Promise<Event[]> {
  const rows = await db.prisma.$queryRaw<EventRow[]>`
    SELECT seq, type, task_id, thread_id, payload, at FROM events
    WHERE project_id = ${projectId}::uuid AND seq > ${after}::bigint ORDER BY seq LIMIT ${limit}`
  return rows.map(row => ({
    seq: Number(row.seq),
    type: row.type,
    projectId,
    ...(row.task_id && { taskId: row.task_id }),
    ...(row.thread_id && { threadId: row.thread_id }),
    at: row.at.toISOString(),
    payload: row.payload,
  }))
}
