import type { Redis } from 'ioredis'
import type { Database } from '../../shared/runtime/db.ts'

const PATIENCE_MS = 1_500

/** What `work` gives, or `otherwise` where it fails or takes longer than 1.5 s. */
export async function orElse<T>(otherwise: T, work: () => Promise<T>): Promise<T> {
  let timer: NodeJS.Timeout | undefined
  const patience = new Promise<T>(resolve => {
    timer = setTimeout(() => resolve(otherwise), PATIENCE_MS)
  })
  try {
    return await Promise.race([work(), patience])
  } catch {
    return otherwise
  } finally {
    clearTimeout(timer)
  }
}

export const databaseAnswers = ({ prisma }: Database): Promise<boolean> =>
  orElse(false, async () => (await prisma.$queryRaw`SELECT 1`) !== undefined)

export const redisAnswers = (redis: Redis): Promise<boolean> =>
  orElse(false, async () => redis.status === 'ready' && (await redis.ping()) === 'PONG')
