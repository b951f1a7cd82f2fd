import { type Logger, pino } from 'pino'

export type Log = Logger

/** Keys whose values never stand in a log line, at any of the depths at which they are passed. */
const SECRETS = ['token', 'authorization', 'password', 'apiKey', 'secret', 'cookie'].flatMap(key => [
  key,
  `*.${key}`,
  `*.*.${key}`,
])

/** JSON lines on stdout: events with their data, no prose. */
export function createLog(level: string, base: Record<string, unknown> = {}): Log {
  return pino({
    level,
    base,
    redact: { paths: SECRETS, censor: '[redacted]' },
    timestamp: pino.stdTimeFunctions.isoTime,
  })
}
