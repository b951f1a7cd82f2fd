import type { OpsQueue, OpsWorker } from '../../../shared/contract/ops.ts'
import { LIMITS, parallelLimit } from '../../../shared/domain/limits.ts'
import { TASK_STATES, type TaskState } from '../../../shared/domain/task-state.ts'
import { placesInLine } from '../../../shared/runtime/task-store/queue.ts'
import type { Handlers } from '../answer.ts'
import type { ApiDeps } from '../deps.ts'
import { orElse, redisAnswers } from '../probe.ts'
import type { ResourceDeps } from '../resource-deps.ts'

type Names = 'opsOverview' | 'opsWorkers' | 'opsQueues' | 'opsContainers'

/** Workers and queues are the installation's; tasks, containers and limits those of the administrator's organization. */
export function opsHandlers(deps: ResourceDeps): Handlers<Names> {
  const { db, redis, version } = deps
  return {
    async opsOverview({ identity: { organizationId } }) {
      const { plan } = await db.prisma.organization.findUniqueOrThrow({ where: { id: organizationId } })
      const limit = parallelLimit(plan)
      const [counts, line, applies, outbox, fencedWrites, workers, queues, redisUp] = await Promise.all([
        db.prisma.task.groupBy({ by: ['state'], where: { organizationId, kind: { not: 'turn' } }, _count: true }),
        placesInLine(db.prisma, { id: organizationId, limit }),
        db.prisma.apply.count({ where: { finishedAt: null, project: { organizationId } } }),
        db.prisma.outbox.count(),
        db.prisma.fencedWrite.count(),
        readWorkers(deps),
        readQueues(deps),
        redisAnswers(redis),
      ])
      const byState = new Map(counts.map(row => [row.state, row._count]))
      const tasks = Object.fromEntries(TASK_STATES.map(state => [state, byState.get(state) ?? 0]))
      return {
        tasks: tasks as Record<TaskState, number>,
        limit,
        active: tasks.active ?? 0,
        inLine: line.size,
        outbox,
        fencedWrites,
        applies,
        workers,
        queues,
        database: true,
        redis: redisUp,
        version,
        plan,
      }
    },

    async opsWorkers() {
      return { items: await readWorkers(deps) }
    },

    async opsQueues() {
      return { items: await readQueues(deps) }
    },

    async opsContainers({ identity: { organizationId } }) {
      const runs = await db.prisma.run.findMany({
        where: { endedAt: null, task: { organizationId, state: 'active' } },
        orderBy: { startedAt: 'asc' },
        include: { task: { select: { kind: true, threadId: true } } },
      })
      return {
        items: runs.map(({ id, taskId, epoch, worker, startedAt, task }) => ({
          id,
          taskId: task.kind === 'turn' ? null : taskId,
          threadId: task.threadId,
          epoch: Number(epoch),
          worker,
          startedAt: startedAt.toISOString(),
        })),
      }
    },
  }
}

interface WorkerRow {
  name: string
  concurrency: number
  version: string
  draining: boolean
  started_at: Date
  seen_at: Date
  running: bigint
  alive: boolean
}

async function readWorkers({ db }: ApiDeps): Promise<OpsWorker[]> {
  const rows = await db.prisma.$queryRaw<WorkerRow[]>`
    SELECT w.name, w.concurrency, w.version, w.draining, w.started_at, w.seen_at,
      (SELECT count(*) FROM tasks t WHERE t.state = 'active' AND t.lease_owner = w.name) AS running,
      w.seen_at > now() - ${LIMITS.engine.workerSilentMs} * interval '1 millisecond' AS alive
    FROM workers w ORDER BY w.name`
  return rows.map(row => ({
    name: row.name,
    concurrency: row.concurrency,
    running: Number(row.running),
    draining: row.draining,
    alive: row.alive,
    version: row.version,
    startedAt: row.started_at.toISOString(),
    seenAt: row.seen_at.toISOString(),
  }))
}

/** None while Redis cannot be reached. */
async function readQueues({ queues, redis }: ApiDeps): Promise<OpsQueue[]> {
  if (redis.status !== 'ready') return []
  return orElse([], () =>
    Promise.all(queues.map(async queue => ({ name: queue.name, counts: await queue.getJobCounts() }))),
  )
}
