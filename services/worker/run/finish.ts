import type { Claim } from '../../../shared/runtime/task-store/types.ts'
import type { FinishedWork } from './checked-work.ts'
import type { RunDeps } from './deps.ts'
import { finishChild } from './finish-child.ts'
import type { Finish } from './finish-result.ts'
import { finishTask } from './finish-task.ts'
import { finishTurn } from './finish-turn.ts'

/** The agent has stopped: what becomes of its work depends on what it worked on. */
export async function finish(deps: RunDeps, claim: Claim, work: FinishedWork, signal: AbortSignal): Promise<Finish> {
  if (claim.kind === 'pipeline') return finishChild(deps, claim, work, signal)
  if (claim.kind === 'turn') return finishTurn(deps, claim, work, signal)
  return finishTask(deps, claim, work, signal)
}
