import { onlyReads } from '../../../shared/contract/tools.ts'
import { cutOutput } from '../../../shared/domain/context-block.ts'
import type { Claim } from '../../../shared/runtime/task-store/types.ts'
import { checkedWork, type FinishedWork } from './checked-work.ts'
import type { RunDeps } from './deps.ts'
import type { Finish } from './finish-result.ts'
import { keepOnly } from './publish.ts'
import { sameTree } from './same-tree.ts'

/**
 * The agent's answer in a thread without a task. A turn that plans leaves nothing but that; one that builds leaves one checked commit
 * where it has changed the project, which no clone shows until it is part of main.
 */
export async function finishTurn(
  deps: RunDeps,
  claim: Claim,
  work: FinishedWork,
  signal: AbortSignal,
): Promise<Finish> {
  const output = cutOutput(work.output)
  if (onlyReads(claim) || !(await changesAnything(deps, claim, work, signal))) {
    return end(deps, claim, { headSha: null, output })
  }
  const checked = await checkedWork(deps, claim, { ...work, output }, signal)
  if (checked.kind === 'go_on') return checked
  await keepOnly(deps, claim, checked.sha, signal)
  return end(deps, claim, { headSha: checked.sha, output })
}

async function end(
  { store }: RunDeps,
  claim: Claim,
  turn: { headSha: string | null; output: string },
): Promise<Finish> {
  const ended = await store.endTurn(claim, turn)
  return ended ? { kind: 'ready' } : { kind: 'go_on', told: [] }
}

/** Whether the work has another tree than its base: what was made and taken back again is no change. */
async function changesAnything(
  { git }: RunDeps,
  { projectId }: Claim,
  { baseSha: base, headSha: head }: FinishedWork,
  signal: AbortSignal,
): Promise<boolean> {
  if (head === base) return false
  return !(await sameTree(git, projectId, { base, commits: [base, head] }, signal))
}
