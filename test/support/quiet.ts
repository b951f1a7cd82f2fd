import { expect } from 'vitest'
import { parseTaskJobId } from '../../shared/runtime/names.ts'
import type { Engine } from './engine.ts'
import { eventually } from './eventually.ts'

/**
 * Waits until nothing moves any more: no task is active, no outbox row waits, no job is runnable, and that twice over with
 * nothing having happened between.
 */
export async function untilQuiet(engine: Pick<Engine, 'db' | 'flow'>, timeoutMs = 40_000): Promise<void> {
  await eventually(
    async () => {
      const first = await activity(engine)
      expect(first).toMatchObject({ outbox: 0, active: 0, jobs: 0 })
      expect(await activity(engine)).toEqual(first)
    },
    { timeoutMs, intervalMs: 50 },
  )
}

async function activity({ db, flow }: Pick<Engine, 'db' | 'flow'>) {
  const [row] = await db.prisma.$queryRaw<[Record<'outbox' | 'active' | 'events' | 'outboxRows', number>]>`
    SELECT (SELECT count(*) FROM outbox)::int AS outbox, (SELECT last_value FROM outbox_id_seq)::int AS "outboxRows",
      (SELECT count(*) FROM tasks WHERE state = 'active')::int AS active,
      (SELECT coalesce(sum(seq), 0) FROM event_counters)::int AS events`
  return { ...row, jobs: row.active > 0 ? null : await runnableJobs({ db, flow }) }
}

/** Jobs in work, and those waiting to be taken that still stand for something. */
async function runnableJobs({ db, flow }: Pick<Engine, 'db' | 'flow'>): Promise<number> {
  const tasks = flow.queues[0]!
  const ids = await tasks.getRanges(['wait', 'prioritized', 'delayed'])
  const jobs = ids.flatMap(id => parseTaskJobId(id) ?? [])
  const rows = await db.prisma.task.findMany({
    where: { id: { in: jobs.map(({ taskId }) => taskId) } },
    select: { id: true, jobNumber: true },
  })
  const numbers = new Map(rows.map(({ id, jobNumber }) => [id, jobNumber]))
  return (await tasks.getActiveCount()) + jobs.filter(({ taskId, n }) => numbers.get(taskId) === n).length
}
