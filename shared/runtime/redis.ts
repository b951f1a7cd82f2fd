import { Redis } from 'ioredis'
import type { Log } from './log.ts'

/**
 * A connection that comes back by itself for as long as it takes. `patient` waits for Redis with every command, as BullMQ's
 * workers need; otherwise a command fails after two seconds without Redis, so that no request hangs on it.
 */
export function connectRedis(url: string, { log, patient = false }: { log: Log; patient?: boolean }): Redis {
  const redis = new Redis(url, {
    maxRetriesPerRequest: patient ? null : 1,
    ...(!patient && { commandTimeout: 2_000 }),
    enableReadyCheck: true,
    retryStrategy: attempt => Math.min(50 * attempt, 1_000),
  })
  redis.on('error', error => log.debug({ err: error }, 'redis.error'))
  return redis
}
