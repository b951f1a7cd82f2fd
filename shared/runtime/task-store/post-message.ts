import type { Task } from '../../../prisma/generated/client.ts'
import { notFound, Refused } from '../refused.ts'
import type { Change } from './change.ts'
import { startAgain } from './decide.ts'
import { lockTask } from './lock.ts'
import { appendMessage, threadOf } from './messages.ts'
import { nameOf, stateOf } from './move.ts'
import { wake } from './wake.ts'

/**
 * What a person says. In a running task it is read at the next iteration; a ready, failed or cancelled task starts again
 * with it, one that waits for an answer goes on. Refused where nobody would ever read it.
 */
export async function postMessage(change: Change, threadId: string, text: string): Promise<string> {
  const { sql } = change
  const thread = await sql.thread.findUnique({ where: { id: threadId }, include: { task: { select: { id: true } } } })
  if (!thread) throw notFound('thread')
  if (!thread.task) return (await appendMessage(change, thread, { role: 'user', text })).id

  const { task, now } = await lockTask(sql, thread.task.id)
  const state = stateOf(task)
  if (state === 'applying' || state === 'done' || state === 'dismissed' || state === 'skipped') {
    throw new Refused(
      'illegal_state',
      `Task ${nameOf(task)} is ${state}: nobody would read the message. Create a new task for what is left to do.`,
    )
  }
  if (task.pipelineId && (state === 'failed' || state === 'cancelled')) {
    throw new Refused(
      'illegal_state',
      `${nameOf(task)} is ${state}, and the task that started it decides what follows: write in that one's thread.`,
    )
  }
  const { id } = await appendMessage(change, threadOf(task), { role: 'user', text, attempt: task.attempt })
  if (state === 'ready' || state === 'failed' || state === 'cancelled') await startAgain(change, { task, now })
  else if (state === 'waiting' && waitsForAnswer(task)) await wake(change, { task, now })
  else change.nudge(task.id)
  return id
}

const waitsForAnswer = ({ waitingFor }: Pick<Task, 'waitingFor'>): boolean =>
  (waitingFor as { reason?: string } | null)?.reason === 'answer'
