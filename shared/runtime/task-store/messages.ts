import { v7 as uuid } from 'uuid'
import type { Message, Prisma } from '../../../prisma/generated/client.ts'
import type { HistoryMessage } from '../../contract/history.ts'
import { MessagePart } from '../../contract/thread.ts'
import type { Change } from './change.ts'

export interface NewMessage {
  role: 'user' | 'assistant' | 'tool' | 'system'
  text: string
  parts?: MessagePart[]
  /** Its place in the model's history; without one it waits to be read. */
  position?: number
  attempt?: number
  iteration?: number
}

/** Appends to a thread and gives the message's id. The task of the thread, where it has one, must be locked. */
export async function appendMessage(
  { sql, event }: Change,
  thread: { id: string; projectId: string; taskId?: string },
  message: NewMessage,
): Promise<string> {
  const { nextSeq } = await sql.thread.update({ where: { id: thread.id }, data: { nextSeq: { increment: 1 } } })
  const id = uuid()
  const { role, text, parts = [], position, attempt = 0, iteration } = message
  await sql.message.create({
    data: {
      id,
      threadId: thread.id,
      seq: nextSeq - 1,
      role,
      text,
      parts: parts as Prisma.InputJsonArray,
      position: position ?? null,
      attempt,
      iteration: iteration ?? null,
      readAt: position === undefined ? null : new Date(),
    },
  })
  event({
    projectId: thread.projectId,
    type: 'message.created',
    threadId: thread.id,
    ...(thread.taskId && { taskId: thread.taskId }),
    payload: { messageId: id, seq: nextSeq - 1, role },
  })
  return id
}

/** A row as the model reads it: what the system says reaches it as a user's words. */
export function toHistory(row: Pick<Message, 'role' | 'text' | 'parts'>): HistoryMessage {
  const parts = MessagePart.array().parse(row.parts)
  if (row.role === 'tool') {
    const results = parts.flatMap(part =>
      part.type === 'result' ? [{ callId: part.callId, name: part.name, text: part.text }] : [],
    )
    return { role: 'tool', results }
  }
  if (row.role !== 'assistant') return { role: 'user', text: row.text }
  const calls = parts.flatMap(part =>
    part.type === 'call'
      ? [{ id: part.id, name: part.name, args: part.args, ...(part.error && { error: part.error }) }]
      : [],
  )
  const metadata = parts.find(part => part.type === 'providerMetadata')
  return { role: 'assistant', text: row.text, calls, ...(metadata && { providerMetadata: metadata.value }) }
}

/** Whether something was said that no iteration has read yet. */
export async function hasUnread({ sql }: Change, threadId: string): Promise<boolean> {
  const unread = await sql.message.findFirst({
    where: { threadId, role: { in: ['user', 'system'] }, position: null },
    select: { id: true },
  })
  return unread !== null
}

/** The place that follows the last one in the history of a thread. The thread's task must be locked. */
export async function nextPosition({ sql }: Change, threadId: string): Promise<number> {
  const last = await sql.message.aggregate({ where: { threadId }, _max: { position: true } })
  return (last._max.position ?? -1) + 1
}
