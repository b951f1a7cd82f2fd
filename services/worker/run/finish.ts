import type { HistoryMessage } from '../../../shared/contract/history.ts'
import { cutOutput } from '../../../shared/domain/context-block.ts'
import { LIMITS } from '../../../shared/domain/limits.ts'
import { oneLine } from '../../../shared/domain/line.ts'
import { branchName } from '../../../shared/domain/slug.ts'
import type { Claim } from '../../../shared/runtime/task-store/types.ts'
import type { Exec } from '../runner-link/types.ts'
import { runCheck } from './checks.ts'
import type { RunDeps } from './deps.ts'
import { checkFailed } from './prompts.ts'

export type Finish = { kind: 'ready' } | { kind: 'go_on'; told: HistoryMessage[] }

/**
 * The agent has stopped: its checkpoints become one commit, the checks run on it, and the task is ready. A red check goes
 * back to the agent a bounded number of times; an unread message keeps it working.
 */
export async function finish(
  deps: RunDeps,
  claim: Claim,
  work: { baseSha: string; headSha: string; output: string; checkFixes: number; exec: Exec },
  signal: AbortSignal,
): Promise<Finish> {
  const { store, git } = deps
  const { projectId, settings, title, number } = claim
  const output = cutOutput(work.output)
  const message = [oneLine(title), output].filter(Boolean).join('\n\n')
  const sha = await git.squash(projectId, { base: work.baseSha, head: work.headSha, message }, signal)

  if (settings.checkCommand) {
    const onMain = checkMain(deps, claim, settings.checkCommand, signal)
    const check = await runCheck(work.exec, settings.checkCommand, sha, signal)
    await onMain
    await store.storeCheck(claim, check, false)
    const roundsLeft = LIMITS.checks.fixRounds - work.checkFixes
    if (check.exitCode !== 0 && roundsLeft > 0) {
      const text = checkFailed(check, roundsLeft)
      await store.tell(claim, text, { checkFixes: work.checkFixes + 1 })
      return { kind: 'go_on', told: [{ role: 'user', text }] }
    }
  }

  const branch = branchName(number, title)
  await publish(deps, claim, branch, sha, signal)
  const ready = await store.ready(claim, { headSha: sha, branch, output })
  return ready ? { kind: 'ready' } : { kind: 'go_on', told: [] }
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

/** Makes the task's branch show the commit. Only this run may still move it: a running task's branch takes no pushes. */
async function publish(
  { git }: RunDeps,
  { projectId, taskId, epoch }: Claim,
  branch: string,
  sha: string,
  signal: AbortSignal,
): Promise<void> {
  const ref = `refs/heads/${branch}`
  const by = { taskId, epoch: Number(epoch) }
  for (;;) {
    const from = await git.resolve(projectId, ref, signal)
    if (from === sha || (await git.moveRef(projectId, { ref, to: sha, from, by }, signal))) break
  }
  // What earlier epochs stored is part of this one's history; their refs would only slow the store down.
  await git.dropTaskRefs(projectId, taskId, by.epoch, signal)
}
