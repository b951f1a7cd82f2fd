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
    { timeoutMs },
  )
}

async function activity({ db, flow }: Pick<Engine, 'db' | 'flow'>) {
  const { prisma } = db
  const [row] = await prisma.$queryRaw<[{ last: bigint }]>`SELECT last_value AS last FROM outbox_id_seq`
  return {
    jobs: await runnableJobs({ db, flow }),
    outbox: await prisma.outbox.count(),
    active: await prisma.task.count({ where: { state: 'active' } }),
    events: await prisma.event.count(),
    outboxRows: row.last,
  }
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
