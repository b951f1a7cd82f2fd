import { commitTree, isAncestorOf, requireCommits, withCommits } from './commit.ts'
import type { Git } from './git.ts'
import type { Layout } from './layout.ts'
import type { GitStore, MergeResult } from './types.ts'

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

  async function mergeAll(gitDir: string, { into, heads, message, at }: MergeRequest, signal?: AbortSignal) {
    const merged: string[] = []
    let tip = into
    for (const head of heads) {
      if (await isAncestorOf(git, gitDir, head, tip, signal)) continue
      const result = await mergeTrees(gitDir, tip, head, signal)
      if (result.conflicts) return { kind: 'conflict', head, files: result.conflicts } satisfies MergeResult
      tip = await commitTree(git, gitDir, { tree: result.tree, parents: [tip, head], message, at }, signal)
      merged.push(head)
    }
    return { kind: 'merged', sha: tip, merged } satisfies MergeResult
  }

  async function mergeTrees(gitDir: string, ours: string, theirs: string, signal?: AbortSignal) {
    const flags = ['--write-tree', '-z', '--name-only', '--no-messages', '--allow-unrelated-histories']
    const merged = await git.run(['merge-tree', ...flags, ours, theirs], { gitDir, signal, accept: [0, 1] })
    const [tree = '', ...files] = merged.stdout.toString('utf8').split('\0')
    return merged.code === 0 ? { tree } : { tree, conflicts: files.filter(file => file !== '') }
  }

  const squash: GitStore['squash'] = async (projectId, { base, head, message, at }, signal) => {
    const gitDir = await layout.existing(projectId)
    const commit = { tree: `${head}^{commit}^{tree}`, parents: [base], message, at }
    return withCommits(git, gitDir, [base, head], () => commitTree(git, gitDir, commit, signal), signal)
  }

  return { merge, squash }
}
