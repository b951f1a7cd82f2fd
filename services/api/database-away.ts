import { Prisma } from '../../shared/runtime/db.ts'

/** Prisma: cannot reach the server, timed out, closed the connection, no connection free, no transaction begun in time. */
const PRISMA_CODES = new Set(['P1001', 'P1002', 'P1008', 'P1011', 'P1017', 'P2024', 'P2028', 'P2037'])
/** Postgres: connection errors (08…), shutting down, crashed, starting up, too many connections; and what sockets say. */
const CAUSES =
  /\b(08\d{3}|57P0[1-4]|53300|ECONNREFUSED|ECONNRESET|EPIPE|ETIMEDOUT|EHOSTUNREACH|ENOTFOUND|EAI_AGAIN)\b|Connection terminated|connection timeout|Client has encountered a connection error|DatabaseNotReachable|ConnectionClosed|SocketTimeout/i

/** Whether an error says that Postgres could not be reached, rather than that it refused a statement. */
export function isDatabaseAway(error: unknown): boolean {
  if (error instanceof Prisma.PrismaClientInitializationError) return true
  if (error instanceof Prisma.PrismaClientKnownRequestError) {
    return PRISMA_CODES.has(error.code) || CAUSES.test(`${error.message} ${JSON.stringify(error.meta ?? {})}`)
  }
  if (!(error instanceof Error)) return false
  const { code, cause } = error as Error & { code?: unknown }
  return CAUSES.test(`${error.name} ${String(code ?? '')} ${error.message}`) || (cause != null && isDatabaseAway(cause))
}
