import { randomUUID } from 'node:crypto'
import type { Database } from '../../shared/runtime/db.ts'
import type { Log } from '../../shared/runtime/log.ts'
import type { Service } from '../../shared/runtime/service.ts'

const TELL_EVERY_MS = 5_000

/** A worker's credential outlives its last sign of life by this much; that of a killed worker so ends by itself. */
export const CREDENTIAL_MS = 24 * 3_600_000

/** Tells of this worker in Postgres, so that the ops pages show the fleet, and keeps its credential alive meanwhile. */
export function createRegistry(deps: {
  db: Database
  log: Log
  name: string
  concurrency: number
  version: string
  credentialId: string
}): Service {
  const { db, log, name, concurrency, version, credentialId } = deps
  const instance = randomUUID()
  let timer: NodeJS.Timeout | undefined
  const tell = async () => {
    await db.prisma.$executeRaw`
      UPDATE tokens SET expires_at = now() + ${CREDENTIAL_MS} * interval '1 millisecond' WHERE id = ${credentialId}::uuid`
    await db.prisma.$executeRaw`
      INSERT INTO workers (name, instance, concurrency, version) VALUES (${name}, ${instance}::uuid, ${concurrency}, ${version})
      ON CONFLICT (name) DO UPDATE SET instance = excluded.instance, concurrency = excluded.concurrency,
        version = excluded.version, seen_at = now()`
  }
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
