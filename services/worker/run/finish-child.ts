import { cutOutput } from '../../../shared/domain/context-block.ts'
import type { Claim } from '../../../shared/runtime/task-store/types.ts'
import type { FinishedWork } from './checked-work.ts'
import type { RunDeps } from './deps.ts'
import type { Finish } from './finish-result.ts'
import { keepOnly } from './publish.ts'

/**
 * A sub-agent: nobody reviews its work, so there is no branch, no check and no one commit. Its last checkpoint is kept for those that depend
 * on it and for its parent; one that changed nothing hands on what it started from.
 */
export async function finishChild(
  deps: RunDeps,
  claim: Claim,
  { headSha, output }: FinishedWork,
  signal: AbortSignal,
): Promise<Finish> {
  await keepOnly(deps, claim, headSha, signal)
  const done = await deps.store.childDone(claim, { headSha, output: cutOutput(output) })
  return done ? { kind: 'ready' } : { kind: 'go_on', told: [] }
}
