import { onlyReads } from '../../../shared/contract/tools.ts'
import { LIMITS } from '../../../shared/domain/limits.ts'
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
import { taskPrompt } from './prompts.ts'

/**
 * Carries a claimed task as far as it goes: to ready, to failed with a reason, or parked. Returns when the task has been moved;
 * throws `Fenced`, the signal's reason, or what of ours did not work.
 */
export async function runTask(deps: RunDeps, claim: Claim, signal: AbortSignal): Promise<void> {
  const { store } = deps
  try {
    const { sha, clashes } = await baseOf(deps, claim, signal)
    // What a turn is asked stands in its thread.
    const prompt = claim.kind === 'turn' ? null : taskPrompt(claim, clashes)
    await store.open(claim, { baseSha: sha, prompt })
    await inContainers(deps, claim, sha, signal)
  } catch (error) {
    signal.throwIfAborted()
    if (error instanceof TaskFailure) await store.fail(claim, { code: error.code, message: error.message })
    else if (error instanceof TaskParked)
      await store.park(claim, { reason: 'provider', waitingOn: [], until: error.until.toISOString() })
    else if (!(error instanceof BudgetReached && error.parked)) throw error
  }
}

/** A container that is lost is replaced, and the work goes on at the last checkpoint; not forever without a new one. */
async function inContainers(deps: RunDeps, claim: Claim, baseSha: string, signal: AbortSignal): Promise<void> {
  let losses = 0
  let progress: string | null = null
  for (;;) {
    const toolbox = createToolbox(deps, claim)
    const conversation = await openConversation(deps, claim, { baseSha, toolbox }, signal)
    if (!(await conversation.settle())) return
    try {
      return await inContainer(deps, claim, { conversation, toolbox }, signal)
    } catch (error) {
      if (!(error instanceof RunnerLost || error instanceof RunnerViolation)) throw error
      losses = conversation.sha() === progress ? losses + 1 : 1
      progress = conversation.sha()
      if (losses > LIMITS.engine.containerLosses) {
        const message = `The task's container was lost ${losses} times in a row without a new checkpoint. The last time: ${error.message}.`
        throw new TaskFailure('sandbox_lost', message)
      }
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
  const { taskId, threadId, projectId, worker, settings } = claim
  const epoch = Number(claim.epoch)
  const identity = { taskId, epoch, worker }
  const { container, bundle } = await containerFor(deps, { projectId, sha, identity }, signal)
  const messageId = `${taskId}/${claim.attempt}/output`
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
      output: text => hints.delta(projectId, { threadId, messageId, text }),
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
