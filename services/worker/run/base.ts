import type { GitStore } from '../../../shared/runtime/git-store/types.ts'
import type { Claim } from '../../../shared/runtime/task-store/types.ts'
import { TaskFailure } from './failure.ts'

/**
 * Where a task stands that goes on: on its own base, or on main where its branch has taken all of main in, since somebody merged it and
 * pushed. On the old base its one commit would hold main's changes as if they were its own, and conflict with main again.
 */
export async function presentBase(
  git: GitStore,
  { projectId, defaultBranch, prerequisites, headSha }: Claim,
  baseSha: string,
  signal: AbortSignal,
): Promise<string> {
  if (!headSha) return baseSha
  const main = await git.resolve(projectId, `refs/heads/${defaultBranch}`, signal)
  if (!main || main === baseSha || !(await git.isAncestor(projectId, main, headSha, signal))) return baseSha
  for (const prerequisite of prerequisites) {
    // Its work is in the old base, and not in main yet.
    if (!prerequisite.headSha || !(await git.isAncestor(projectId, prerequisite.headSha, main, signal))) return baseSha
  }
  return main
}

/**
 * Where a task begins: main, with a merge of every prerequisite's head that is not part of it yet.
 * @throws TaskFailure `prerequisite_conflict`, naming tasks and files
 */
export async function chooseBase(git: GitStore, claim: Claim, signal: AbortSignal): Promise<string> {
  const { projectId, defaultBranch, prerequisites, title } = claim
  const main = await git.resolve(projectId, `refs/heads/${defaultBranch}`, signal)
  if (!main) throw new TaskFailure('no_main', `The project's branch ${defaultBranch} does not exist.`)
  const heads = prerequisites.flatMap(({ headSha }) => headSha ?? [])
  if (heads.length === 0) return main
  const merged = await git.merge(projectId, { into: main, heads, message: `Base of “${title}”` }, signal)
  if (merged.kind === 'merged') return merged.sha
  const culprit = prerequisites.find(({ headSha }) => headSha === merged.head)
  const others = prerequisites.filter(({ headSha }) => headSha !== merged.head).map(({ title }) => `“${title}”`)
  const with_ = ['main', ...others].join(', ')
  throw new TaskFailure(
    'prerequisite_conflict',
    `The work of its prerequisites does not fit together: “${culprit?.title ?? merged.head}” conflicts with ${with_} in ${merged.files.join(', ')}.`,
  )
}
