import type { Redis } from 'ioredis'
import { z } from 'zod'
import { Delta } from '../contract/event.ts'
import type { Log } from './log.ts'
import type { Names } from './names.ts'

/**
 * Redis pub/sub: told after the commit, and never relied on. Whoever listens also looks into Postgres from time to time.
 */
export interface Hints {
  projectChanged(projectId: string, seq: bigint): void
  delta(projectId: string, delta: Delta): void
  taskChanged(taskId: string): void
  outboxFilled(): void
}

export const ProjectHint = z.union([z.object({ seq: z.number() }), z.object({ delta: Delta })])
export type ProjectHint = z.infer<typeof ProjectHint>

export function createHints({ redis, names, log }: { redis: Redis; names: Names; log: Log }): Hints {
  const tell = (channel: string, message: unknown) => {
    redis
      .publish(channel, JSON.stringify(message))
      .catch((error: Error) => log.debug({ channel, err: error }, 'hint.lost'))
  }
  return {
    projectChanged: (projectId, seq) =>
      tell(names.channels.project(projectId), { seq: Number(seq) } satisfies ProjectHint),
    delta: (projectId, delta) => tell(names.channels.project(projectId), { delta } satisfies ProjectHint),
    taskChanged: taskId => tell(names.channels.task(taskId), {}),
    outboxFilled: () => tell(names.channels.outbox, {}),
  }
}

export interface HintListener {
  /** Calls `heard` with the parsed message (undefined where it is not JSON) until the returned function is called. */
  listen(channel: string, heard: (message: unknown) => void): () => void
  close(): Promise<void>
}

/** Owns the given connection, which must be used for nothing else (a subscribed connection takes no other commands). */
export function createHintListener({ redis, log }: { redis: Redis; log: Log }): HintListener {
  const listeners = new Map<string, Set<(message: unknown) => void>>()
  redis.on('message', (channel: string, text: string) => {
    for (const heard of listeners.get(channel) ?? []) heard(parse(text))
  })
  const ignore = (error: Error) => log.debug({ err: error }, 'hint.subscription')
  return {
    listen(channel, heard) {
      const set = listeners.get(channel) ?? new Set()
      if (set.size === 0) {
        listeners.set(channel, set)
        redis.subscribe(channel).catch(ignore)
      }
      set.add(heard)
      return () => {
        if (!set.delete(heard) || set.size > 0) return
        listeners.delete(channel)
        redis.unsubscribe(channel).catch(ignore)
      }
    },
    async close() {
      listeners.clear()
      redis.disconnect()
    },
  }
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}
