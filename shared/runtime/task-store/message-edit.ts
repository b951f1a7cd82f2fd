import type { Message } from '../../../prisma/generated/client.ts'
import { MessagePart } from '../../contract/thread.ts'
import { notFound, Refused } from '../refused.ts'
import type { Change } from './change.ts'
import { lockTasks } from './lock.ts'
import { findUnread, type MessageThread, threadOf } from './messages.ts'
import { stateOf } from './move.ts'
import { reviseText } from './revise.ts'
import { titleOf } from './turn.ts'

/** Changes what a person said, while nobody has read it. Of a request to revise drafts the instruction is what changes. */
export async function editMessage(change: Change, threadId: string, messageId: string, text: string): Promise<void> {
  const { message, thread, turnId } = await lockMessage(change, threadId, messageId)
  const parts = MessagePart.array().parse(message.parts)
  const revise = parts.find(part => part.type === 'revise')
  const edited = revise
    ? { text: await reviseText(change, revise.taskIds, text), parts: [{ ...revise, instruction: text }] }
    : { text }
  await change.sql.message.update({ where: { id: messageId }, data: edited })
  const first = turnId && (await findUnread(change, threadId)).find(({ role }) => role === 'user')
  // The turn that it is about to start is called by its words.
  if (turnId && first && first.id === messageId) {
    await change.sql.task.update({ where: { id: turnId }, data: { title: titleOf(text) } })
  }
  tell(change, thread, 'message.updated', message)
}

/** Takes back what a person said, while nobody has read it. A turn that it has started already ends with nothing to do. */
export async function deleteMessage(change: Change, threadId: string, messageId: string): Promise<void> {
  const { message, thread } = await lockMessage(change, threadId, messageId)
  await change.sql.message.delete({ where: { id: messageId } })
  tell(change, thread, 'message.deleted', message)
}

/**
 * Locks a message that can still be changed. Whoever reads messages locks them as well, so either the reader gets the changed one (or
 * none), or the change is refused. `turnId`: the thread's turn, where it is about to start.
 */
async function lockMessage(
  { sql }: Change,
  threadId: string,
  messageId: string,
): Promise<{ message: Message; thread: MessageThread; turnId: string | null }> {
  const found = await sql.thread.findUnique({ where: { id: threadId }, include: { task: { select: { id: true } } } })
  if (!found) throw notFound('thread')
  const { tasks } = await lockTasks(sql, found.task ? [found.task.id] : [])
  await sql.$queryRaw`SELECT id FROM messages WHERE id = ${messageId}::uuid AND thread_id = ${threadId}::uuid FOR UPDATE`
  const message = await sql.message.findFirst({ where: { id: messageId, threadId } })
  if (!message) throw notFound('message')
  if (message.role !== 'user') {
    throw new Refused('illegal_state', 'Only what people say can be changed or taken back.')
  }
  if (message.position !== null || message.readAt !== null) {
    throw new Refused(
      'illegal_state',
      'The message was read already, so it cannot be changed or taken back. Say in another one what should be different.',
    )
  }
  const [task] = tasks
  const starts = task?.kind === 'turn' && stateOf(task) === 'queued'
  return { message, thread: task ? threadOf(task) : found, turnId: starts ? task.id : null }
}

function tell(
  { event }: Change,
  { id: threadId, projectId, taskId }: MessageThread,
  type: 'message.updated' | 'message.deleted',
  { id: messageId, seq }: Message,
): void {
  event({ projectId, type, threadId, ...(taskId && { taskId }), payload: { messageId, seq } })
}
