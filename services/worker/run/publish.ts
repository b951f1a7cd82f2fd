import { branchName } from '../../../shared/domain/slug.ts'
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

/** Makes the branch of a task of the board show the commit; gives its name. While the task runs it takes no pushes. */
export async function publishBranch(deps: Deps, claim: Claim, sha: string, signal: AbortSignal): Promise<string> {
  const branch = branchName(claim.number!, claim.title)
  await publish(deps, claim, { ref: `refs/heads/${branch}`, sha }, signal)
  return branch
}

/** Leaves the work of a task of the board that is about to fail on its branch: people can fetch it, mend it, and push. */
export async function leaveBranch(deps: RunDeps, claim: Claim, sha: string, signal: AbortSignal): Promise<void> {
  if (claim.kind !== 'board') return
  await deps.store.left(claim, await publishBranch(deps, claim, sha, signal))
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
