import type { HistoryMessage, ModelReply, ToolSpec } from '../../../shared/contract/history.ts'
import type { Claim } from '../../../shared/runtime/task-store/types.ts'
import { ModelLimited, ModelRefused, ModelUnavailable } from '../models/errors.ts'
import type { RunDeps } from './deps.ts'
import { TaskFailure, TaskParked } from './failure.ts'
import { systemPrompt } from './prompts.ts'

/** The model's reply to the history, shown live while it is written. A refusal becomes the task's failure, a limit parks it. */
export async function askModel(
  { broker, hints }: RunDeps,
  claim: Claim,
  { history, iteration, tools }: { history: readonly HistoryMessage[]; iteration: number; tools: ToolSpec[] },
  signal: AbortSignal,
): Promise<ModelReply> {
  const messageId = `${claim.taskId}/${claim.attempt}/${iteration}`
  const { model, projectId, threadId } = claim
  try {
    return await broker.reply({
      model,
      history,
      signal,
      system: systemPrompt(claim),
      tools,
      onDelta: delta =>
        hints.delta(
          projectId,
          'text' in delta ? { threadId, messageId, text: delta.text } : { threadId, messageId, text: '', reset: true },
        ),
    })
  } catch (error) {
    if (error instanceof ModelRefused)
      throw new TaskFailure('model_refused', `${model} refused the request: ${error.message}`)
    if (error instanceof ModelUnavailable)
      throw new TaskFailure('model_unavailable', `${model} gave no answer: ${error.message}`)
    if (error instanceof ModelLimited) throw new TaskParked(error.message, error.until)
    throw error
  }
}
