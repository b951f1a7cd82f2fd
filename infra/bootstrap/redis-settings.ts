import type { OnProgress } from './run.ts'

export type RedisOptions = {
  dataDir: string
  logFile: string
  password: string
  /** Taken while it is free. */
  port?: number | undefined
  /** Off in tests that do not restart it. */
  persist?: boolean
  /** Names the container where Redis has to run in one. */
  installation: string
  onProgress?: OnProgress
}

/** The settings that a Redis of ours runs with, beside port, place and password. */
export function redisSettings(persist: boolean): string[] {
  return ['maxmemory-policy noeviction', 'save ""', `appendonly ${persist ? 'yes' : 'no'}`, 'appendfsync everysec']
}
