import type { RunDeps } from '../run/deps.ts'
import { askUser } from './ask-user.ts'
import { consult } from './consult.ts'
import { parallel } from './parallel.ts'
import { proposeTasks } from './propose-tasks.ts'
import { task } from './task.ts'
import type { WorkerTool } from './types.ts'

/** Every tool that the worker answers; a run has those of them that its kind allows. */
export function workerTools(deps: RunDeps): WorkerTool[] {
  return [proposeTasks(deps), parallel(deps), task(deps), consult(deps), askUser(deps)]
}
