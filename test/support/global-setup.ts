import type { TestProject } from 'vitest/node'
import { createProgress } from '../../infra/bootstrap/progress.ts'
import { seed } from './scale.ts'
import { startTestServers, type TestServers } from './test-servers.ts'

declare module 'vitest' {
  interface ProvidedContext {
    servers: TestServers
  }
}

/** Runs once before all tests: servers up, their addresses handed to the test processes. What it gives back runs after them. */
export default async function setup(project: TestProject): Promise<() => Promise<void>> {
  const progress = createProgress(process.stderr)
  const { servers, stop } = await progress.step('Postgres, Redis, Docker and the sandbox image', startTestServers)
  project.provide('servers', servers)
  // Handed over by environment, so that every process of the run draws from one seed and prints the same.
  process.env.SLIPWAY_SEED = String(seed())
  process.stderr.write(`  seed: ${seed()} (repeat with SLIPWAY_SEED=${seed()})\n`)
  return stop
}
