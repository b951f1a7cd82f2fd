import { cutOutput } from '../../../shared/domain/context-block.ts'
import type { Claim } from '../../../shared/runtime/task-store/types.ts'
import { checkedWork, type FinishedWork } from './checked-work.ts'
import type { RunDeps } from './deps.ts'
import type { Finish } from './finish-result.ts'
import { keepOnly, publishBranch } from './publish.ts'

/** A task of the board: one commit on its branch, checked, ready to be reviewed. */
export async function finishTask(
  deps: RunDeps,
  claim: Claim,
  work: FinishedWork,
  signal: AbortSignal,
): Promise<Finish> {
  const output = cutOutput(work.output)
  const checked = await checkedWork(deps, claim, { ...work, output }, signal)
  if (checked.kind === 'go_on') return checked
  const branch = await publishBranch(deps, claim, checked.sha, signal)
  // The ref of a first epoch holds its last checkpoint already.
  if (claim.epoch > 1n) await keepOnly(deps, claim, work.headSha, signal)
  const ready = await deps.store.ready(claim, { headSha: checked.sha, branch, output })
  return ready ? { kind: 'ready' } : { kind: 'go_on', told: [] }
}
