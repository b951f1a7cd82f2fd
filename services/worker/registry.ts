import { randomUUID } from 'node:crypto'
import type { Database } from '../../shared/runtime/db.ts'
import type { Log } from '../../shared/runtime/log.ts'
import type { Service } from '../../shared/runtime/service.ts'

const TELL_EVERY_MS = 5_000

/** Tells of this worker in Postgres, so that the ops pages show the fleet. Nothing depends on it. */
export function createRegistry(deps: {
  db: Database
  log: Log
  name: string
  concurrency: number
  version: string
}): Service {
  const { db, log, name, concurrency, version } = deps
  const instance = randomUUID()
  let timer: NodeJS.Timeout | undefined
  const tell = () =>
    db.prisma.$executeRaw`
      INSERT INTO workers (name, instance, concurrency, version) VALUES (${name}, ${instance}::uuid, ${concurrency}, ${version})
      ON CONFLICT (name) DO UPDATE SET instance = excluded.instance, concurrency = excluded.concurrency,
        version = excluded.version, seen_at = now()`
  return {
    async start() {
      await tell()
      timer = setInterval(() => {
        tell().catch((error: Error) => log.debug({ err: error }, 'registry.not_told'))
      }, TELL_EVERY_MS)
    },
    async stop() {
      clearInterval(timer)
      await db.prisma.worker.deleteMany({ where: { name, instance } }).catch(() => {})
    },
  }
}
