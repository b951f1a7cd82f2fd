import type { Clash } from '../../../shared/domain/pipeline-result.ts'
import type { GitStore } from '../../../shared/runtime/git-store/types.ts'

/**
 * Merges the work of tasks, in the order given. What does not fit together is committed as git leaves it, with conflict markers, for an agent
 * to settle. With `at` (ISO 8601) the same merge gives the same commit.
 */
export async function mergeWork(
  git: GitStore,
  projectId: string,
  work: { into: string; tasks: readonly { name: string; headSha: string }[]; message: string; at?: string },
  signal: AbortSignal,
): Promise<{ sha: string; clashes: Clash[] }> {
  const { into, tasks, message, at } = work
  if (tasks.length === 0) return { sha: into, clashes: [] }
  const heads = tasks.map(({ headSha }) => headSha)
  const merged = await git.merge(projectId, { into, heads, message, at, keepConflicts: true }, signal)
  if (merged.kind === 'conflict') throw new Error('The git store stopped at a conflict that it was to commit')
  const clashes = merged.conflicts.map(({ head, files }) => ({
    name: tasks.find(({ headSha }) => headSha === head)?.name ?? head,
    files,
  }))
  return { sha: merged.sha, clashes }
}
