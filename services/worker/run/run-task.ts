import { onlyReads } from '../../../shared/contract/tools.ts'
import { LIMITS } from '../../../shared/domain/limits.ts'
import { resultsId } from '../../../shared/runtime/message-id.ts'
import type { Claim } from '../../../shared/runtime/task-store/types.ts'
import { RunnerLost, RunnerViolation } from '../runner-link/errors.ts'
import { openRunner } from '../runner-link/open-runner.ts'
import { createToolbox } from '../tools/toolbox.ts'
import type { Toolbox } from '../tools/types.ts'
import { baseOf } from './base.ts'
import { runSetup } from './checks.ts'
import { containerFor } from './container.ts'
import { type Conversation, openConversation } from './conversation.ts'
import type { RunDeps } from './deps.ts'
import { BudgetReached, TaskFailure, TaskParked } from './failure.ts'
import { limitNotice } from './notices.ts'
import { taskPrompt } from './prompts.ts'
import { leaveBranch } from './publish.ts'

/**
 * Carries a claimed task as far as it goes: to ready, to failed with a reason, or parked. Returns when the task has been moved;
 * throws `Fenced`, the signal's reason, or what of ours did not work.
 */
export async function runTask(deps: RunDeps, claim: Claim, signal: AbortSignal): Promise<void> {
  const { store } = deps
  try {
    const { sha, clashes, moved } = await baseOf(deps, claim, signal)
    // What a turn is asked stands in its thread.
    const prompt = claim.kind === 'turn' ? null : taskPrompt(claim, clashes)
    await store.open(claim, { baseSha: sha, prompt, moved })
    await removeOlder(deps, claim)
    await inContainers(deps, claim, sha, signal)
  } catch (error) {
    signal.throwIfAborted()
    if (error instanceof TaskFailure) await store.fail(claim, { code: error.code, message: error.message })
    else if (error instanceof TaskParked) {
      await store.notice(claim, limitNotice(claim.model, error))
      await store.park(claim, { reason: 'provider', waitingOn: [], until: error.until.toISOString() })
    } else if (!(error instanceof BudgetReached && error.parked)) throw error
  }
}

/**
 * A run before this one may live on, cut off from us, in a container that nobody needs any more. One that cannot be removed is left to the
 * reaper: the fence keeps out what it writes.
 */
async function removeOlder({ sandbox, log }: RunDeps, { taskId, epoch }: Claim): Promise<void> {
  if (epoch <= 1n) return
  await sandbox.removeOlder(taskId, Number(epoch)).catch((error: Error) => {
    log.warn({ taskId, epoch: Number(epoch), err: error }, 'sandbox.older_left')
  })
}

/** A container that is lost is replaced, and the work goes on at the last checkpoint; not forever without a new one. */
async function inContainers(deps: RunDeps, claim: Claim, baseSha: string, signal: AbortSignal): Promise<void> {
  let losses = 0
  let progress: string | null = null
  /** Counts a container that was lost: null where another may try. What else went wrong is thrown. */
  const lost = (error: unknown, sha: string): TaskFailure | null => {
    if (!(error instanceof RunnerLost || error instanceof RunnerViolation)) throw error
    losses = sha === progress ? losses + 1 : 1
    progress = sha
    if (losses <= LIMITS.engine.containerLosses) return null
    const message = `The task's container was lost ${losses} times in a row without a new checkpoint. The last time: ${error.message}.`
    return new TaskFailure('sandbox_lost', message)
  }
  for (;;) {
    const toolbox = createToolbox(deps, claim)
    const conversation = await openConversation(deps, claim, { baseSha, toolbox }, signal)
    try {
      if (!(await conversation.settle())) return
      return await inContainer(deps, claim, { conversation, toolbox }, signal)
    } catch (error) {
      const failure = error instanceof TaskFailure ? error : lost(error, conversation.sha())
      if (!failure) continue
      await leaveBranch(deps, claim, conversation.sha(), signal)
      throw failure
    }
  }
}

async function inContainer(
  deps: RunDeps,
  claim: Claim,
  { conversation, toolbox }: { conversation: Conversation; toolbox: Toolbox },
  signal: AbortSignal,
): Promise<void> {
  const { hints, log } = deps
  const sha = conversation.sha()
  const { taskId, attempt, threadId, projectId, worker, settings } = claim
  const epoch = Number(claim.epoch)
  const identity = { taskId, epoch, worker }
  const { container, bundle } = await containerFor(deps, { projectId, sha, identity }, signal)
  const readOnly = onlyReads(claim)
  let setUp = false
  const runner = await openRunner(container, {
    base: { sha, bundle },
    open: { taskId, epoch, title: claim.title, iteration: 0, readOnly },
    signal,
    log,
    handlers: {
      async next(request, received, exec) {
        if (!setUp && !readOnly) {
          const problem = settings.setupCommand && (await runSetup(exec, settings.setupCommand, signal))
          if (problem) throw new TaskFailure('setup_failed', problem)
          await toolbox.open({ exec, startProcess: container.startProcess, signal })
          setUp = true
        }
        return conversation.next(request, received, exec)
      },
      call: (index, exec) => conversation.call(index, exec),
      output(text) {
        const messageId = resultsId({ taskId, attempt, iteration: conversation.iteration() })
        hints.delta(projectId, { threadId, messageId, text, output: true })
      },
    },
  })
  try {
    await runner.finished
  } finally {
    // The container first: what the toolbox has running in it needs no other end.
    await runner.close()
    await toolbox.close()
  }
}
