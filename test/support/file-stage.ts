import { afterAll, inject } from 'vitest'
import type { Stage } from './servers.ts'

/** One stage for all tests of a file: what stands on it is taken down after the last of them. */
export function fileStage(): Stage {
  const cleanUps: (() => unknown)[] = []
  afterAll(async () => {
    for (const cleanUp of cleanUps.reverse()) await cleanUp()
  })
  return { servers: inject('servers'), onEnd: cleanUp => cleanUps.push(cleanUp) }
}
