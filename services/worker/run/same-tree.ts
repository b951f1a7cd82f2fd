import type { GitStore } from '../../../shared/runtime/git-store/types.ts'

/** Whether two commits that descend from `base` have the same tree. */
export async function sameTree(
  git: GitStore,
  projectId: string,
  { base, commits }: { base: string; commits: readonly [string, string] },
  signal: AbortSignal,
): Promise<boolean> {
  // Two commits that differ in nothing but their tree have one name only if that is the same.
  const alike = { base, message: 'Compare', at: new Date(0).toISOString() }
  const [one, other] = await Promise.all(commits.map(head => git.squash(projectId, { ...alike, head }, signal)))
  return one === other
}
