import type { RunDeps } from '../run/deps.ts'
import { parallel } from './parallel.ts'
import { task } from './task.ts'
import type { WorkerTool } from './types.ts'

/** Every tool that the worker answers; a run has those of them that its kind allows. */
export function workerTools(deps: RunDeps): WorkerTool[] {
  return [parallel(deps), task(deps)]
}
