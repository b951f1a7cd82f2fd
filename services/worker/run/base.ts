import type { Clash } from '../../../shared/domain/pipeline-result.ts'
import type { GitStore } from '../../../shared/runtime/git-store/types.ts'
import type { Claim } from '../../../shared/runtime/task-store/types.ts'
import type { RunDeps } from './deps.ts'
import { TaskFailure } from './failure.ts'
import { mergeWork } from './merge-work.ts'
import { keep, publish } from './publish.ts'

export interface Base {
  sha: string
  /** Prerequisites whose work does not fit together: it stands in the base with conflict markers. */
  clashes: Clash[]
  /** What became of a turn's earlier work as its base changed: the commit to go on from (null: the base), and the words for it. */
  moved?: { headSha: string | null; told: string }
}

/** What a run's work is based on: chosen once, and kept but for what `presentBase` says. */
export async function baseOf(deps: RunDeps, claim: Claim, signal: AbortSignal): Promise<Base> {
  const { git } = deps
  const afresh = claim.kind === 'turn' ? await leftWork(deps, claim, signal) : null
  if (afresh) return afresh
  if (claim.baseSha) return { sha: await presentBase(git, claim, claim.baseSha, signal), clashes: [] }
  const into = claim.pipelineBaseSha
  const base = into ? await subAgentBase(git, claim, into, signal) : await boardBase(git, claim, signal)
  // A merge that waits for its first checkpoint, for an answer say, has no other ref.
  if (headsOf(claim).length > 0) await keep(deps, claim, base.sha, signal)
  return base
}

/**
 * Where a turn begins that has earlier work which is not part of main: on the newest main, with that work where it still fits. Work that
 * does not, or that people want out of the way (it has no base then), is put aside on a branch of its own.
 */
async function leftWork(deps: RunDeps, claim: Claim, signal: AbortSignal): Promise<Base | null> {
  const { git } = deps
  const { projectId, baseSha, headSha, mode, iterations, defaultBranch } = claim
  if (!headSha || (baseSha && (mode !== 'build' || iterations > 0))) return null
  const main = await git.resolve(projectId, `refs/heads/${defaultBranch}`, signal)
  if (!main || main === baseSha) return null
  const merge = { into: main, heads: [headSha], message: 'Go on from earlier work' }
  const merged = baseSha ? await git.merge(projectId, merge, signal) : null
  if (merged?.kind === 'merged') {
    await keep(deps, claim, merged.sha, signal)
    const told = 'Your work tree is the newest main version now, with what you had changed before merged into it.'
    return { sha: main, clashes: [], moved: { headSha: merged.sha, told } }
  }
  const branch = `put-aside/${headSha.slice(0, 12)}`
  await publish(deps, claim, { ref: `refs/heads/${branch}`, sha: headSha }, signal)
  const why = merged ? `, as it conflicts with the main version in ${merged.files.join(', ')}` : ''
  const told = `What you had changed before is put aside on the branch ${branch}${why}. Your work tree is the newest main version, without it.`
  return { sha: main, clashes: [], moved: { headSha: null, told } }
}

/** Where a sub-agent begins: its parent's work at the call, with that of its prerequisites. */
async function subAgentBase(git: GitStore, claim: Claim, into: string, signal: AbortSignal): Promise<Base> {
  const { projectId, prerequisites, title } = claim
  const tasks = prerequisites.flatMap(({ title: name, headSha }) => (headSha ? [{ name, headSha }] : []))
  return mergeWork(git, projectId, { into, tasks, message: `Base of “${title}”` }, signal)
}

/**
 * Where a task of the board stands that goes on: on its own base, or on main where its branch has taken all of main in, since somebody merged it and
 * pushed. On the old base its one commit would hold main's changes as if they were its own, and conflict with main again.
 */
async function presentBase(
  git: GitStore,
  { projectId, kind, defaultBranch, prerequisites, headSha }: Claim,
  baseSha: string,
  signal: AbortSignal,
): Promise<string> {
  if (!headSha || kind === 'pipeline') return baseSha
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
async function boardBase(git: GitStore, claim: Claim, signal: AbortSignal): Promise<Base> {
  const { projectId, defaultBranch, prerequisites, title } = claim
  const main = await git.resolve(projectId, `refs/heads/${defaultBranch}`, signal)
  if (!main) throw new TaskFailure('no_main', `The project's branch ${defaultBranch} does not exist.`)
  const heads = headsOf(claim)
  if (heads.length === 0) return { sha: main, clashes: [] }
  const merged = await git.merge(projectId, { into: main, heads, message: `Base of “${title}”` }, signal)
  if (merged.kind === 'merged') return { sha: merged.sha, clashes: [] }
  const culprit = prerequisites.find(({ headSha }) => headSha === merged.head)
  const others = prerequisites.filter(({ headSha }) => headSha !== merged.head).map(({ title }) => `“${title}”`)
  const with_ = ['main', ...others].join(', ')
  throw new TaskFailure(
    'prerequisite_conflict',
    `The work of its prerequisites does not fit together: “${culprit?.title ?? merged.head}” conflicts with ${with_} in ${merged.files.join(', ')}.`,
  )
}

function headsOf({ prerequisites }: Claim): string[] {
  return prerequisites.flatMap(({ headSha }) => headSha ?? [])
}
