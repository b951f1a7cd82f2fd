import type { Outbox } from '../../../prisma/generated/client.ts'
import { LIMITS } from '../../domain/limits.ts'
import type { Database } from '../db.ts'
import { OutboxRow } from '../outbox-row.ts'
import { UNSATISFYING } from '../task-store/queue.ts'
import type { TaskFlow } from './index.ts'

/**
 * Carries the outbox into Redis, at least once, and gives the number of rows it carried. What a row means is read from
 * Postgres now, not when it was written: so the order of rows does not matter, and a repeated one does no harm.
 */
export async function relayOutbox({ db, flow }: { db: Database; flow: TaskFlow }): Promise<number> {
  const rows = await db.prisma.outbox.findMany({ orderBy: { id: 'asc' }, take: LIMITS.engine.outboxBatch })
  if (rows.length === 0) return 0
  const owed = rows.map(row => ({ n: row.id, row: parse(row) }))

  await enqueueAll(
    db,
    flow,
    owed.flatMap(({ n, row }) => (row.kind === 'enqueue' ? [{ n, taskId: row.taskId }] : [])),
  )
  await releaseAll(
    db,
    flow,
    owed.flatMap(({ row }) => (row.kind === 'release' ? [row.taskId] : [])),
  )
  for (const { n, row } of owed) {
    if (row.kind === 'discard') await flow.discard(row.taskId, BigInt(row.jobNumber))
    if (row.kind === 'apply') await flow.addApply(row.projectId, n)
  }
  await db.prisma.outbox.deleteMany({ where: { id: { in: rows.map(({ id }) => id) } } })
  return rows.length
}

const parse = (row: Outbox): OutboxRow => OutboxRow.parse({ kind: row.kind, ...(row.payload as object) })

/** A row whose number is no longer its task's job number has been overtaken by a later one. */
async function enqueueAll(db: Database, flow: TaskFlow, rows: readonly { n: bigint; taskId: string }[]): Promise<void> {
  if (rows.length === 0) return
  const tasks = await db.prisma.$queryRaw<
    { id: string; state: string; priority: number; jobNumber: bigint | null; unsatisfied: string[] }[]
  >`
    SELECT t.id, t.state, t.priority, t.job_number AS "jobNumber", ARRAY(
      SELECT e.prerequisite_id::text FROM edges e JOIN tasks q ON q.id = e.prerequisite_id
      WHERE e.task_id = t.id AND q.state = ANY(${UNSATISFYING})
    ) AS unsatisfied
    FROM tasks t WHERE t.id = ANY(${rows.map(({ taskId }) => taskId)}::uuid[]) AND t.state IN ('queued', 'active')`
  const byId = new Map(tasks.map(task => [task.id, task]))
  await flow.add(
    rows.flatMap(({ n, taskId }) => {
      const task = byId.get(taskId)
      if (task?.jobNumber !== n) return []
      // One whose worker was lost has started and holds a slot: nothing may keep it from being taken over.
      const takeOver = task.state === 'active'
      return [{ taskId, n, priority: task.priority, takeOver, gates: takeOver ? [] : task.unsatisfied }]
    }),
  )
}

async function releaseAll(db: Database, flow: TaskFlow, satisfied: readonly string[]): Promise<void> {
  if (satisfied.length === 0) return
  await flow.release(
    await db.prisma.$queryRaw<{ from: string; to: string; n: bigint }[]>`
      SELECT e.prerequisite_id AS "from", t.id AS "to", t.job_number AS n FROM edges e JOIN tasks t ON t.id = e.task_id
      WHERE e.prerequisite_id = ANY(${satisfied}::uuid[]) AND t.state = 'queued' AND t.job_number IS NOT NULL`,
  )
}
