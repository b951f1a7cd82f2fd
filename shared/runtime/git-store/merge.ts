import { commitTree, isAncestorOf, requireCommits, withCommits } from './commit.ts'
import type { Git } from './git.ts'
import type { Layout } from './layout.ts'
import type { Conflict, GitStore, MergeResult } from './types.ts'

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
      const { tree, files } = await mergeTrees(gitDir, tip, head, signal)
      if (files) {
        if (!keepConflicts) return { kind: 'conflict', head, files }
        conflicts.push({ head, files })
      }
      tip = await commitTree(git, gitDir, { tree, parents: [tip, head], message, at }, signal)
      merged.push(head)
    }
    return { kind: 'merged', sha: tip, merged, conflicts }
  }

  /** Without the heads that are part of another's history, so that what that one has settled does not conflict again. In the order given. */
  async function independent(gitDir: string, heads: readonly string[], signal?: AbortSignal): Promise<string[]> {
    const distinct = [...new Set(heads)]
    if (distinct.length < 2) return distinct
    const kept = await git.text(['merge-base', '--independent', ...distinct], { gitDir, signal })
    return distinct.filter(head => kept.includes(head))
  }

  /** The tree of both; with `files` where they conflict, and then with git's markers in them. */
  async function mergeTrees(gitDir: string, ours: string, theirs: string, signal?: AbortSignal) {
    const flags = ['--write-tree', '-z', '--name-only', '--no-messages', '--allow-unrelated-histories']
    const merged = await git.run(['merge-tree', ...flags, ours, theirs], { gitDir, signal, accept: [0, 1] })
    const [tree = '', ...files] = merged.stdout.toString('utf8').split('\0')
    return merged.code === 0 ? { tree } : { tree, files: files.filter(file => file !== '') }
  }

  const squash: GitStore['squash'] = async (projectId, { base, head, message, at }, signal) => {
    const gitDir = await layout.existing(projectId)
    const commit = { tree: `${head}^{commit}^{tree}`, parents: [base], message, at }
    return withCommits(git, gitDir, [base, head], () => commitTree(git, gitDir, commit, signal), signal)
  }

  return { merge, squash }
}
