import { commitTree, isAncestorOf, requireCommits, withCommits } from './commit.ts'
import type { Git } from './git.ts'
import type { Layout } from './layout.ts'
import { mergeTrees } from './merge-trees.ts'
import type { Conflict, GitStore, MergeResult } from './types.ts'
import { unsettledConflicts } from './unsettled.ts'

type MergeRequest = Parameters<GitStore['merge']>[1]

/** Merging and squashing in the bare repository: no work tree, no hooks, no ref moves. */
export function createMerging(deps: { git: Git; layout: Layout }): Pick<GitStore, 'merge' | 'squash'> {
  const { git, layout } = deps

  const merge: GitStore['merge'] = async (projectId, request, signal) => {
    const gitDir = await layout.existing(projectId)
    const { into, heads } = request
    if (heads.length === 0) await requireCommits(git, gitDir, [into], signal)
    return withCommits(git, gitDir, [into, ...heads], () => mergeAll(gitDir, request, signal), signal)
  }

  async function mergeAll(gitDir: string, request: MergeRequest, signal?: AbortSignal): Promise<MergeResult> {
    const { into, heads, message, at, keepConflicts } = request
    const merged: string[] = []
    const conflicts: Conflict[] = []
    let tip = into
    for (const head of await independent(gitDir, heads, signal)) {
      if (await isAncestorOf(git, gitDir, head, tip, signal)) continue
      const { tree, files } = await mergeTrees(git, gitDir, [tip, head], signal)
      if (files) {
        if (!keepConflicts) return { kind: 'conflict', head, files }
        conflicts.push({ head, files })
      }
      tip = await commitTree(git, gitDir, { tree, parents: [tip, head], message, at }, signal)
      merged.push(head)
    }
    const left = keepConflicts ? await unsettledConflicts(git, gitDir, { into, heads, tip }, signal) : []
    return { kind: 'merged', sha: tip, merged, conflicts: [...conflicts, ...left] }
  }

  /** Without the heads that are part of another's history, so that what that one has settled does not conflict again. In the order given. */
  async function independent(gitDir: string, heads: readonly string[], signal?: AbortSignal): Promise<string[]> {
    const distinct = [...new Set(heads)]
    if (distinct.length < 2) return distinct
    const kept = await git.text(['merge-base', '--independent', ...distinct], { gitDir, signal })
    return distinct.filter(head => kept.includes(head))
  }

  const squash: GitStore['squash'] = async (projectId, { base, head, message, at }, signal) => {
    const gitDir = await layout.existing(projectId)
    const commit = { tree: `${head}^{commit}^{tree}`, parents: [base], message, at }
    return withCommits(git, gitDir, [base, head], () => commitTree(git, gitDir, commit, signal), signal)
  }

  return { merge, squash }
}
