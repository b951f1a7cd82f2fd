import type { Git } from './git.ts'

const FLAGS = ['--write-tree', '-z', '--name-only', '--no-messages', '--allow-unrelated-histories']

/**
 * The tree of both; with `files` where they conflict, and then with git's markers in them, which bear the names given. The same two commits
 * always give the same tree.
 */
export async function mergeTrees(
  git: Git,
  gitDir: string,
  [ours, theirs]: readonly [string, string],
  signal?: AbortSignal,
): Promise<{ tree: string; files?: string[] }> {
  const merged = await git.run(['merge-tree', ...FLAGS, ours, theirs], { gitDir, signal, accept: [0, 1] })
  const [tree = '', ...files] = merged.stdout.toString('utf8').split('\0')
  return merged.code === 0 ? { tree } : { tree, files: files.filter(file => file !== '') }
}
