import { setTimeout as pause } from 'node:timers/promises'
import { PrismaPg } from '@prisma/adapter-pg'
import { Prisma, PrismaClient } from '../../prisma/generated/client.ts'

export type { Message, Pipeline, Project, Task, Thread } from '../../prisma/generated/client.ts'
export { Prisma }
export type Sql = Prisma.TransactionClient

export interface Database {
  prisma: PrismaClient
  /** Runs `work` in one transaction and again when Postgres chose it as a deadlock's victim; so `work` has no other effects. */
  transaction<T>(work: (sql: Sql) => Promise<T>): Promise<T>
  close(): Promise<void>
}

export interface DatabaseOptions {
  url: string
  /** Connections of this process. */
  connections?: number
}

const STATEMENT_TIMEOUT_MS = 30_000
/** A process that hangs in the middle of a transaction must not hold its locks for longer than its tasks' leases. */
const IDLE_IN_TRANSACTION_MS = 5_000
const TRANSACTION = { maxWait: 15_000, timeout: 30_000 }
const DEADLOCK_TRIES = 5

/** Opens no connection before the first query. */
export function openDatabase({ url, connections = 10 }: DatabaseOptions): Database {
  const adapter = new PrismaPg({
    connectionString: url,
    max: connections,
    connectionTimeoutMillis: 10_000,
    statement_timeout: STATEMENT_TIMEOUT_MS,
    idle_in_transaction_session_timeout: IDLE_IN_TRANSACTION_MS,
    // Between the pool's listener and that of whoever takes the connection there is none for a moment, in which an error would end the
    // process; the next query on it fails all the same.
    onConnect: client => void client.on('error', () => {}),
  })
  const prisma = new PrismaClient({ adapter })
  return {
    prisma,
    async transaction(work) {
      for (let attempt = 1; ; attempt++) {
        try {
          return await prisma.$transaction(work, TRANSACTION)
        } catch (error) {
          if (!isDeadlock(error) || attempt === DEADLOCK_TRIES) throw error
          await pause(Math.random() * 20 * attempt)
        }
      }
    },
    close: () => prisma.$disconnect(),
  }
}

/** 40P01 is a deadlock, 40001 a serialization failure; Prisma calls both P2034 where it recognises them. */
function isDeadlock(error: unknown): boolean {
  if (!(error instanceof Prisma.PrismaClientKnownRequestError)) return false
  return error.code === 'P2034' || /\b(40P01|40001)\b/.test(`${error.message} ${JSON.stringify(error.meta ?? {})}`)
}
