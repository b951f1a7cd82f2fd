import { type Layout, readJson, writePrivateJson } from './bootstrap/layout.ts'

/** How far a supervisor has come. `failed` is final: it has stopped everything and ended. */
export type Phase = 'servers' | 'migrating' | 'starting' | 'failed'

/** What a supervisor tells about itself in its state file. */
export type SupervisorState = {
  phase: Phase
  /** Of the settings and sources that it started with. */
  fingerprint: string
  databaseUrl?: string
  redisUrl?: string
  /** How often the services have ended since they were last ready on their own. */
  servicesExits: number
  /** True once the services said themselves that they are ready, which only a process without a port of its own has to. */
  servicesReady: boolean
  message?: string
}

export function readState(paths: Layout): SupervisorState | null {
  return readJson<SupervisorState>(paths.state)
}

export function writeState(paths: Layout, state: SupervisorState): void {
  writePrivateJson(paths.state, state)
}
