import type { GitStoreCode } from '../../../shared/contract/git-store.ts'
import type { ProjectSettings } from '../../../shared/contract/project.ts'
import { oneLine } from '../../../shared/domain/line.ts'
import { branchName } from '../../../shared/domain/slug.ts'
import { GitStoreError } from '../../../shared/runtime/git-store/errors.ts'
import type { ApplyItem, CheckRecord, LineFence } from '../../../shared/runtime/task-store/types.ts'
import type { RunDeps } from '../run/deps.ts'
import type { SandboxIdentity } from '../sandbox/types.ts'
import { verify } from './verify.ts'

export interface Line {
  fence: LineFence
  settings: ProjectSettings
  defaultBranch: string
}

export type ApplyDeps = Omit<RunDeps, 'mcp' | 'broker' | 'hints' | 'prices'>

/**
 * Brings one task's commit into main: merge on the newest main, check, swap by compare-and-set, and again when somebody moved
 * main meanwhile. Whether it is part of main is asked of git first, so that a repetition after a crash at any step applies
 * nothing twice.
 */
export async function applyTask(deps: ApplyDeps, line: Line, apply: ApplyItem, signal: AbortSignal): Promise<void> {
  try {
    await intoMain(deps, line, apply, signal)
  } catch (error) {
    signal.throwIfAborted()
    // Trying again would not help, and nobody behind it would get any further.
    if (!(error instanceof GitStoreError) || !HOPELESS.includes(error.code)) throw error
    const message = `It cannot be merged: ${error.message}. The main version was left as it is.`
    await deps.store.returnToReady(line.fence, apply, { code: 'apply_failed', message })
  }
}

/** What the git store says of a request that is wrong in itself. */
const HOPELESS: readonly GitStoreCode[] = ['invalid_argument', 'unknown_commit', 'no_repository', 'too_large']

async function intoMain(deps: ApplyDeps, line: Line, apply: ApplyItem, signal: AbortSignal): Promise<void> {
  const { store, git, log } = deps
  const { fence, defaultBranch } = line
  const { projectId } = fence
  const ref = `refs/heads/${defaultBranch}`
  for (;;) {
    signal.throwIfAborted()
    const main = await git.resolve(projectId, ref, signal)
    if (!main) {
      const message = `The project's branch ${defaultBranch} does not exist any more. Push it again, then apply.`
      return store.returnToReady(fence, apply, { code: 'no_main', message })
    }
    if (await git.isAncestor(projectId, apply.headSha, main, signal)) {
      const { mergeSha } = apply
      const ours = mergeSha !== null && (await git.isAncestor(projectId, mergeSha, main, signal))
      return store.applied(fence, apply, { mergeSha: ours ? mergeSha : null, headSha: main })
    }

    await store.applyPhase(fence, apply, { phase: 'merging' })
    const merged = await git.merge(
      projectId,
      { into: main, heads: [apply.headSha], message: mergeMessage(apply) },
      signal,
    )
    if (merged.kind === 'conflict') {
      const message = `It conflicts with the main version in ${merged.files.join(', ')}. The main version was left as it is. ${wayOut(apply)}`
      return store.returnToReady(fence, apply, { code: 'merge_conflict', message })
    }
    const check = await verified(deps, line, { apply, main, sha: merged.sha }, signal)
    if (check && check.kind === 'refused') return store.returnToReady(fence, apply, check.failure, check.record)

    await store.applyPhase(fence, apply, { phase: 'swapping', mainBefore: main, mergeSha: merged.sha })
    apply.mergeSha = merged.sha
    const by = { lineEpoch: Number(fence.epoch) }
    if (await git.moveRef(projectId, { ref, to: merged.sha, from: main, by }, signal)) {
      if (check) await store.storeMainCheck(projectId, check.record)
      return store.applied(fence, apply, { mergeSha: merged.sha, headSha: merged.sha })
    }
    log.info({ projectId, taskId: apply.taskId }, 'apply.main_moved')
  }
}

type Verified =
  | { kind: 'passed'; record: CheckRecord }
  | { kind: 'refused'; record: CheckRecord; failure: { code: string; message: string } }

/** The check command on the merged tree. What is red on main already does not stop a task, unless more is red with it. */
async function verified(
  deps: ApplyDeps,
  { fence, settings }: Line,
  { apply, main, sha }: { apply: ApplyItem; main: string; sha: string },
  signal: AbortSignal,
): Promise<Verified | null> {
  const { checkCommand: command, setupCommand } = settings
  if (!command) return null
  const { projectId, epoch, worker } = fence
  await deps.store.applyPhase(fence, apply, { phase: 'verifying', mainBefore: main, mergeSha: sha })
  const identity: SandboxIdentity = { taskId: apply.taskId, epoch: Number(epoch), worker, line: true }
  const request = { projectId, command, setupCommand, identity }
  const record = await verify(deps, { ...request, sha }, signal)
  if (record.exitCode === 0) return { kind: 'passed', record }
  const onMain = await deps.checkMain({ ...request, sha: main }, signal)
  if (onMain.exitCode !== 0 && !isWorse(record, onMain)) return { kind: 'passed', record }
  const output = record.output.trimEnd().slice(-4_000)
  const mains = onMain.exitCode === 0 ? 'pass' : `come to ${countsOf(onMain)}`
  const printed = output ? `:\n${output}` : '. It printed nothing.'
  const message = `Merged with the main version, its checks fail (\`${command}\`, ${countsOf(record)}), while those of the main version ${mains}${printed}`
  return { kind: 'refused', record, failure: { code: 'checks_failed', message } }
}

/** Whether red checks are worse than main's own red ones, as far as both were counted; one that was not even counted any more is. */
const isWorse = (merged: CheckRecord, main: CheckRecord): boolean =>
  main.failed !== null && (merged.failed === null || merged.failed > main.failed)

const countsOf = ({ exitCode, failed }: CheckRecord): string =>
  failed === null ? `exit code ${exitCode}` : `exit code ${exitCode}, ${failed} failed`

const wayOut = ({ number, title }: ApplyItem): string =>
  number === null
    ? 'Say in the thread what to do instead: it goes on from the newest main version, and this change is put aside on a branch.'
    : `Merge main into the branch ${branchName(number, title)}, settle it there, push it, and apply again.`

/** The subject is the task's title, so that main's first-parent log reads as one line for each task. */
function mergeMessage({ title, output, number, taskId }: ApplyItem): string {
  const body = output.trim()
  const trailer = number === null ? `Turn-Id: ${taskId}` : `Task: #${number}\nTask-Id: ${taskId}`
  return [oneLine(title), body, trailer].filter(Boolean).join('\n\n')
}
