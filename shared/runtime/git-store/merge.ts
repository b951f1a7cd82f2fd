import { commitTree, isAncestorOf, requireCommits } from './commit.ts'
import type { Git } from './git.ts'
import type { Layout } from './layout.ts'
import type { GitStore, MergeResult } from './types.ts'

/** Merging and squashing in the bare repository: no work tree, no hooks, no ref moves. */
export function createMerging(deps: { git: Git; layout: Layout }): Pick<GitStore, 'merge' | 'squash'> {
  const { git, layout } = deps

  const merge: GitStore['merge'] = async (projectId, { into, heads, message, at }, signal) => {
    const gitDir = await layout.existing(projectId)
    await requireCommits(git, gitDir, [into, ...heads], signal)
    const merged: string[] = []
    let tip = into
    for (const head of heads) {
      if (await isAncestorOf(git, gitDir, head, tip, signal)) continue
      const result = await mergeTrees(gitDir, tip, head, signal)
      if (result.conflicts) return { kind: 'conflict', head, files: result.conflicts } satisfies MergeResult
      tip = await commitTree(git, gitDir, { tree: result.tree, parents: [tip, head], message, at }, signal)
      merged.push(head)
    }
    return { kind: 'merged', sha: tip, merged }
  }

  async function mergeTrees(gitDir: string, ours: string, theirs: string, signal?: AbortSignal) {
    const flags = ['--write-tree', '-z', '--name-only', '--no-messages', '--allow-unrelated-histories']
    const merged = await git.run(['merge-tree', ...flags, ours, theirs], { gitDir, signal, accept: [0, 1] })
    const [tree = '', ...files] = merged.stdout.toString('utf8').split('\0')
    return merged.code === 0 ? { tree } : { tree, conflicts: files.filter(file => file !== '') }
  }

  const squash: GitStore['squash'] = async (projectId, { base, head, message, at }, signal) => {
    const gitDir = await layout.existing(projectId)
    await requireCommits(git, gitDir, [base, head], signal)
    return commitTree(git, gitDir, { tree: `${head}^{tree}`, parents: [base], message, at }, signal)
  }

  return { merge, squash }
}
