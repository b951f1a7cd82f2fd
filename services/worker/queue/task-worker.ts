import { DelayedError, type Job, type Worker } from 'bullmq'
import type { Redis } from 'ioredis'
import { z } from 'zod'
import { LIMITS } from '../../../shared/domain/limits.ts'
import { parseTaskJobId } from '../../../shared/runtime/names.ts'
import type { Service } from '../../../shared/runtime/service.ts'
import type { RunStore } from '../../../shared/runtime/task-store/types.ts'
import { startConsumer } from './consumer.ts'
import { type HeldRunDeps, holdRun } from './held-run.ts'

export interface TaskWorkerDeps extends HeldRunDeps {
  store: RunStore
  /** A patient connection; BullMQ makes a second one from it for its blocking reads. */
  redis: Redis
  /** The name that claims, leases and containers carry. */
  worker: string
  /** Tasks that run at once in this process. */
  concurrency: number
}

const TaskJob = z.object({ taskId: z.string() })

/** Takes tasks from the queue and runs those that it can claim. `stop` gives the running ones back at their checkpoints. */
export function createTaskWorker(deps: TaskWorkerDeps): Service & { running(): number } {
  const { store, names, log, worker: name } = deps
  const shutdown = new AbortController()
  let running = 0
  let consumer: Worker | undefined

  const take = async (job: Job, token?: string) => {
    const { taskId } = TaskJob.parse(job.data)
    const number = parseTaskJobId(job.id)?.n
    if (number === undefined) return
    const later = async (ms: number): Promise<never> => {
      await job.moveToDelayed(Date.now() + ms, token)
      throw new DelayedError()
    }
    const result = await store.claim(taskId, number, name).catch((error: Error) => {
      log.warn({ taskId, err: error }, 'claim.failed')
      return null
    })
    // A job that fails is gone until the reconciler misses it; one that Postgres could not decide on comes back by itself.
    if (result === null) return later(LIMITS.engine.claimRetryMs)
    if (result.kind === 'busy') return later(result.retryInMs)
    if (result.kind === 'refused') return log.debug({ taskId, reason: result.reason }, 'claim.refused')
    running++
    try {
      await holdRun(deps, result.claim, shutdown.signal)
    } finally {
      running--
    }
  }

  return {
    running: () => running,
    async start() {
      consumer = await startConsumer(deps, names.queues.tasks, deps.concurrency, take)
    },
    async stop() {
      if (!consumer) return
      // Not awaited first: no new job is taken from now on, while the running ones are told to stop.
      const closed = consumer.close()
      shutdown.abort()
      await closed
      consumer = undefined
    },
  }
}
