import type { RunDeps } from '../run/deps.ts'
import type { WorkerTool } from './types.ts'

/** Every tool that the worker answers; a run has those of them that its kind allows. */
export function workerTools(_deps: RunDeps): WorkerTool[] {
  return []
}
