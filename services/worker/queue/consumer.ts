import { type Processor, Worker } from 'bullmq'
import type { Redis } from 'ioredis'
import { LIMITS } from '../../../shared/domain/limits.ts'
import type { Log } from '../../../shared/runtime/log.ts'
import type { Names } from '../../../shared/runtime/names.ts'

export interface ConsumerDeps {
  /** A patient connection; BullMQ makes a second one from it for its blocking reads. */
  redis: Redis
  names: Names
  log: Log
}

/** Takes jobs from a queue, `concurrency` at once; resolves when it does. */
export async function startConsumer(
  { redis, names, log }: ConsumerDeps,
  queue: string,
  concurrency: number,
  take: Processor,
): Promise<Worker> {
  const consumer = new Worker(queue, take, {
    connection: redis,
    prefix: names.prefix,
    concurrency,
    lockDuration: LIMITS.engine.queueLockMs,
    stalledInterval: LIMITS.engine.stalledCheckMs,
    // A job may be taken over any number of times; deaths of workers are counted in Postgres.
    maxStalledCount: 1_000_000,
  })
  consumer.on('error', error => log.warn({ err: error }, 'queue.error'))
  consumer.on('failed', (job, error) => log.warn({ jobId: job?.id, err: error }, 'queue.job_failed'))
  await consumer.waitUntilReady()
  return consumer
}
