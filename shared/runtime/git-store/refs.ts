import { isAncestorOf, requireCommits, resolveCommit, withCommits } from './commit.ts'
import { GitStoreError } from './errors.ts'
import type { Git } from './git.ts'
import { checkedId, type Layout } from './layout.ts'
import type { GitStore } from './types.ts'

/** git's object name for "no object": as an old value it means that the ref must not exist. */
export const ZERO = '0'.repeat(40)

/** The hidden refs of Slipway; never in a clone's listing, never pushed to. */
export const HIDDEN = 'refs/slipway'

/** Refs of which nobody needs to ask git whether they are well-formed; Slipway's own are all so. */
const PLAIN_REF = /^refs\/(?:heads|slipway)(?:\/[A-Za-z0-9_][A-Za-z0-9_-]*)+$/

/** The ref of a task's newest checkpoint in one epoch. */
export function checkpointRef(taskId: string, epoch: number): string {
  if (!Number.isSafeInteger(epoch) || epoch < 0) throw new GitStoreError('invalid_argument', `Not an epoch: ${epoch}`)
  return `${HIDDEN}/${checkedId(taskId, 'task id')}/e${epoch}`
}

export function createRefs(deps: {
  git: Git
  layout: Layout
}): Pick<GitStore, 'moveRef' | 'resolve' | 'isAncestor' | 'dropTaskRefs'> {
  const { git, layout } = deps

  const moveRef: GitStore['moveRef'] = async (projectId, { ref, to, from }, signal) => {
    const gitDir = await layout.existing(projectId)
    await requireMovable(gitDir, ref, signal)
    const swap = () => swapRef(git, gitDir, { ref, to, from }, signal)
    // That a branch gets a commit git sees to itself; nothing at all it would take as an order to delete.
    if (ref.startsWith('refs/heads/') && to !== ZERO) return withCommits(git, gitDir, [to], swap, signal)
    await requireCommits(git, gitDir, [to], signal)
    return swap()
  }

  async function requireMovable(gitDir: string, ref: string, signal?: AbortSignal): Promise<void> {
    if (PLAIN_REF.test(ref)) return
    const inside = ref.startsWith('refs/heads/') || ref.startsWith(`${HIDDEN}/`)
    const wellFormed =
      inside && (await git.run(['check-ref-format', ref], { gitDir, signal, accept: [0, 1] })).code === 0
    if (!wellFormed) throw new GitStoreError('invalid_argument', `Not a ref that can be moved: ${JSON.stringify(ref)}`)
  }

  const resolve: GitStore['resolve'] = async (projectId, rev, signal) =>
    resolveCommit(git, await layout.existing(projectId), rev, signal)

  const isAncestor: GitStore['isAncestor'] = async (projectId, ancestor, descendant, signal) => {
    const gitDir = await layout.existing(projectId)
    const ask = () => isAncestorOf(git, gitDir, ancestor, descendant, signal)
    return withCommits(git, gitDir, [ancestor, descendant], ask, signal)
  }

  const dropTaskRefs: GitStore['dropTaskRefs'] = async (projectId, taskId, exceptEpoch, signal) => {
    const gitDir = await layout.existing(projectId)
    const kept = exceptEpoch === undefined ? null : checkpointRef(taskId, exceptEpoch)
    const pattern = `${HIDDEN}/${checkedId(taskId, 'task id')}`
    const listed = await git.text(['for-each-ref', '--format=%(refname)', pattern], { gitDir, signal })
    const dropped = listed.split('\n').filter(ref => ref !== '' && ref !== kept)
    if (dropped.length === 0) return
    await git.run(['update-ref', '--stdin'], { gitDir, signal, input: dropped.map(ref => `delete ${ref}\n`).join('') })
  }

  return { moveRef, resolve, isAncestor, dropTaskRefs }
}

/** Compare-and-swap of one ref; false, and nothing changed, where it does not stand at `from`. */
export async function swapRef(
  git: Git,
  gitDir: string,
  move: { ref: string; to: string; from: string | null },
  signal?: AbortSignal,
): Promise<boolean> {
  const args = ['update-ref', '--no-deref', move.ref, move.to, move.from ?? ZERO]
  try {
    await git.run(args, { gitDir, signal })
    return true
  } catch (error) {
    signal?.throwIfAborted()
    // git says in prose only why it refused; where the ref stands elsewhere the swap was lost, else it is a real failure.
    const now = await resolveCommit(git, gitDir, move.ref, signal)
    if (now !== move.from) return false
    throw error
  }
}
