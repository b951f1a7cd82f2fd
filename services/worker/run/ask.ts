import type { HistoryMessage, ModelReply, ToolSpec } from '../../../shared/contract/history.ts'
import { replyId } from '../../../shared/runtime/message-id.ts'
import type { Claim } from '../../../shared/runtime/task-store/types.ts'
import type { ModelRequest } from '../models/broker.ts'
import { ModelLimited, ModelRefused, ModelUnavailable } from '../models/errors.ts'
import type { RunDeps } from './deps.ts'
import { TaskFailure, TaskParked } from './failure.ts'
import { type PaidReply, paidReply } from './paid-reply.ts'

/** What the agent is asked with: all that it was told, and the tools that it may call. */
export interface Asked {
  system: string
  history: readonly HistoryMessage[]
  iteration: number
  tools: readonly ToolSpec[]
}

/**
 * The model's reply to the history, shown live while it is written. A refusal becomes the task's failure (`context_length` where the
 * history is too long for the model), a limit parks it, as a budget has by then: BudgetReached.
 */
export async function askModel(
  deps: RunDeps,
  claim: Claim,
  { system, history, iteration, tools }: Asked,
  signal: AbortSignal,
): Promise<PaidReply> {
  const { taskId, attempt, model, projectId, threadId } = claim
  const messageId = replyId({ taskId, attempt, iteration })
  const request: ModelRequest = {
    model,
    history,
    signal,
    system,
    tools,
    onDelta: delta =>
      deps.hints.delta(
        projectId,
        'text' in delta ? { threadId, messageId, text: delta.text } : { threadId, messageId, text: '', reset: true },
      ),
  }
  try {
    return await paidReply(deps, claim, request, true)
  } catch (error) {
    throw asOutcome(error, model)
  }
}

/** A question beside the conversation, without tools: to a second model, or for a summary of what went before. */
export interface SideQuestion {
  purpose: 'consult' | 'summary'
  model: string
  system: string
  text: string
}

/**
 * The reply to a question beside the conversation, with what it took noted. Throws what the broker throws, and BudgetReached; the
 * task waits for its budget only where it cannot go on without the answer.
 */
export async function askAside(
  deps: RunDeps,
  claim: Claim,
  { purpose, model, system, text }: SideQuestion,
  signal: AbortSignal,
): Promise<ModelReply> {
  const request: ModelRequest = { model, system, history: [{ role: 'user', text }], tools: [], signal }
  const { costUsd, ...reply } = await paidReply(deps, claim, request, purpose === 'summary')
  await deps.store.recordCall(claim, { purpose, model, usage: reply.usage, costUsd })
  return reply
}

/** What an error of the broker means for the task. */
export function asOutcome(error: unknown, model: string): unknown {
  if (error instanceof ModelRefused) {
    const code = error.code === 'context_length' ? 'context_length' : 'model_refused'
    return new TaskFailure(code, `${model} refused the request: ${error.message}`)
  }
  if (error instanceof ModelUnavailable)
    return new TaskFailure('model_unavailable', `${model} gave no answer: ${error.message}`)
  if (error instanceof ModelLimited) return new TaskParked(error.message, error.until)
  return error
}
