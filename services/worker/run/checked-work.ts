import type { HistoryMessage } from '../../../shared/contract/history.ts'
import { LIMITS } from '../../../shared/domain/limits.ts'
import { oneLine } from '../../../shared/domain/line.ts'
import type { Claim } from '../../../shared/runtime/task-store/types.ts'
import type { Exec } from '../runner-link/types.ts'
import { runCheck } from './checks.ts'
import type { RunDeps } from './deps.ts'
import { checkFailed } from './prompts.ts'
import { sameTree } from './same-tree.ts'

/** What the agent leaves when it stops. */
export interface FinishedWork {
  baseSha: string
  headSha: string
  /** Its final message. */
  output: string
  /** Rounds in which it was given a red check to repair. */
  checkFixes: number
  exec: Exec
}

/** The work as one commit with its checks run, or what the agent was told so that it repairs them. */
export type CheckedWork = { kind: 'checked'; sha: string } | { kind: 'go_on'; told: HistoryMessage[] }

/**
 * The checkpoints become one commit on the base: the title, then what was done. Where it has come to nothing else than the task was ready
 * with before, that commit stays, so that what others have built on it still stands on it.
 */
async function squashed(
  { git }: RunDeps,
  { projectId, title, readyHead }: Claim,
  { baseSha, headSha, output }: Pick<FinishedWork, 'baseSha' | 'headSha' | 'output'>,
  signal: AbortSignal,
): Promise<string> {
  if (readyHead !== null && (await git.isAncestor(projectId, baseSha, readyHead, signal))) {
    const same = { base: baseSha, commits: [readyHead, headSha] as const }
    if (await sameTree(git, projectId, same, signal)) return readyHead
  }
  const message = [oneLine(title), output].filter(Boolean).join('\n\n')
  return git.squash(projectId, { base: baseSha, head: headSha, message }, signal)
}

/** Squashes the work and runs the project's checks on it. A red check goes back to the agent a bounded number of times. */
export async function checkedWork(
  deps: RunDeps,
  claim: Claim,
  work: FinishedWork,
  signal: AbortSignal,
): Promise<CheckedWork> {
  const { checkCommand } = claim.settings
  const sha = await squashed(deps, claim, work, signal)
  if (!checkCommand) return { kind: 'checked', sha }
  const onMain = checkMain(deps, claim, checkCommand, signal)
  const check = await runCheck(work.exec, checkCommand, sha, signal)
  await onMain
  await deps.store.storeCheck(claim, check, false)
  const roundsLeft = LIMITS.checks.fixRounds - work.checkFixes
  if (check.exitCode === 0 || roundsLeft <= 0) return { kind: 'checked', sha }
  const text = checkFailed(check, roundsLeft)
  await deps.store.tell(claim, text, { checkFixes: work.checkFixes + 1 })
  return { kind: 'go_on', told: [{ role: 'user', text }] }
}

/** Main's own result, to be shown beside; that it is missing is no reason to hold the task up. */
async function checkMain(deps: RunDeps, claim: Claim, command: string, signal: AbortSignal): Promise<void> {
  const { projectId, settings, taskId, epoch, worker } = claim
  try {
    const sha = await deps.git.resolve(projectId, `refs/heads/${claim.defaultBranch}`, signal)
    if (!sha) return
    const identity = { taskId, epoch: Number(epoch), worker }
    await deps.checkMain({ projectId, sha, command, setupCommand: settings.setupCommand, identity }, signal)
  } catch (error) {
    deps.log.warn({ taskId, err: error }, 'main.not_checked')
  }
}
