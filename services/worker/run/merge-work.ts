import type { Clash } from '../../../shared/domain/pipeline-result.ts'
import type { GitStore } from '../../../shared/runtime/git-store/types.ts'

/**
 * Merges the work of tasks, in the order given. What does not fit together is committed as git leaves it, with conflict markers, for an agent
 * to settle; what a task found so in its own base and did not settle is a clash once more. With `at` (ISO 8601) the same merge gives the same
 * commit.
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
  const clashes = await Promise.all(
    merged.conflicts.map(async ({ head, files }) => ({
      name: await nameOf(git, projectId, { head, tasks }, signal),
      files,
    })),
  )
  return { sha: merged.sha, clashes }
}

/** Whose head it is; of one that was merged earlier and is none of these, the task that brings it. */
async function nameOf(
  git: GitStore,
  projectId: string,
  { head, tasks }: { head: string; tasks: readonly { name: string; headSha: string }[] },
  signal: AbortSignal,
): Promise<string> {
  const own = tasks.find(({ headSha }) => headSha === head)
  if (own) return own.name
  for (const { name, headSha } of tasks) {
    if (await git.isAncestor(projectId, head, headSha, signal)) return name
  }
  return head
}
