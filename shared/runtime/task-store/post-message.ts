import { canStartAgain } from '../../domain/task-state.ts'
import { notFound, Refused } from '../refused.ts'
import type { Change } from './change.ts'
import { startAgain } from './decide.ts'
import { followUp, tellFollowUp } from './follow-up.ts'
import { lockTask } from './lock.ts'
import { appendMessage, threadOf } from './messages.ts'
import { nameOf, stateOf } from './move.ts'
import { sayInThread, waitsForAnswer } from './turn.ts'
import type { TurnMode } from './types.ts'
import { wake } from './wake.ts'

/**
 * What a person says. In a thread without a task it starts, steers or answers the thread's turn. In a running task it is read at the
 * next iteration; a ready, failed or cancelled task starts again with it, one that waits for an answer goes on. While a task is being
 * applied it waits: the task starts again with it if it is given back, else it becomes a follow-up, as it does of a done task. Refused
 * where nobody would ever read it.
 */
export async function postMessage(change: Change, threadId: string, text: string, mode?: TurnMode): Promise<string> {
  const { sql } = change
  const thread = await sql.thread.findUnique({ where: { id: threadId }, include: { task: { select: { id: true } } } })
  if (!thread) throw notFound('thread')
  if (thread.kind !== 'task') return sayInThread(change, thread, { text, mode })
  if (!thread.task) throw notFound('task')

  const { task, now } = await lockTask(sql, thread.task.id)
  const state = stateOf(task)
  if (state === 'dismissed' || state === 'skipped') {
    throw new Refused(
      'illegal_state',
      `Task ${nameOf(task)} is ${state}: nobody would read the message. Create a new task for what is left to do.`,
    )
  }
  if (task.pipelineId && (state === 'failed' || state === 'cancelled' || state === 'done')) {
    throw new Refused(
      'illegal_state',
      `${nameOf(task)} is ${state}, and the task that started it decides what follows: write in that one's thread.`,
    )
  }
  const message = { role: 'user' as const, text, attempt: task.attempt }
  if (state === 'done') {
    const next = await followUp(change, task, text)
    const { id } = await appendMessage(change, threadOf(task), { ...message, read: true })
    await tellFollowUp(change, task, next)
    return id
  }
  const { id } = await appendMessage(change, threadOf(task), message)
  if (canStartAgain(state)) await startAgain(change, { task, now })
  else if (waitsForAnswer(task)) await wake(change, { task, now })
  else change.nudge(task.id)
  return id
}
