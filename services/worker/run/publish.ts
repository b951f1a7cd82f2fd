import { checkpointRef } from '../../../shared/runtime/names.ts'
import type { Claim } from '../../../shared/runtime/task-store/types.ts'
import type { RunDeps } from './deps.ts'

type Deps = Pick<RunDeps, 'git'>

/** Makes a ref show the commit. Only this run may still move it. */
export async function publish(
  { git }: Deps,
  { projectId, taskId, epoch }: Claim,
  { ref, sha }: { ref: string; sha: string },
  signal: AbortSignal,
): Promise<void> {
  const by = { taskId, epoch: Number(epoch) }
  for (;;) {
    const from = await git.resolve(projectId, ref, signal)
    if (from === sha || (await git.moveRef(projectId, { ref, to: sha, from, by }, signal))) return
  }
}

/** Makes this epoch's ref hold a commit that no clone shall show: what nothing refers to, git throws away in the end. */
export function keep(deps: Deps, claim: Claim, sha: string, signal: AbortSignal): Promise<void> {
  return publish(deps, claim, { ref: checkpointRef(claim.taskId, claim.epoch), sha }, signal)
}

/** As `keep`, and drops the refs of earlier epochs: this one has taken up what those stored, and they would only slow the store down. */
export async function keepOnly(deps: Deps, claim: Claim, sha: string, signal: AbortSignal): Promise<void> {
  const { projectId, taskId, epoch } = claim
  await keep(deps, claim, sha, signal)
  if (epoch > 1n) await deps.git.dropTaskRefs(projectId, taskId, Number(epoch), signal)
}
