import { v7 as uuid } from 'uuid'
import type { Message, Prisma, Task } from '../../../prisma/generated/client.ts'
import type { HistoryMessage } from '../../contract/history.ts'
import { MessagePart } from '../../contract/thread.ts'
import type { Sql } from '../db.ts'
import type { Change } from './change.ts'
import type { TurnMode } from './types.ts'

export interface NewMessage {
  /** Where it follows from something; else it gets one. */
  id?: string
  role: 'user' | 'assistant' | 'tool' | 'system'
  text: string
  parts?: MessagePart[]
  /** Its place in the model's history; without one it waits to be read. */
  position?: number
  attempt?: number
  iteration?: number
  /** Of a message to a thread that has no task. */
  mode?: TurnMode
  /** It is shown, but nobody is to read it any more: it has no place in the history either. */
  read?: boolean
}

/** The thread of a task or turn, as a place for messages. What is said in a turn's is not told as a task's. */
export function threadOf(task: { kind: string; id: string; projectId: string; threadId: string }): MessageThread {
  const { kind, id, projectId, threadId } = task
  return { id: threadId, projectId, ...(kind !== 'turn' && { taskId: id }) }
}

export interface MessageThread {
  id: string
  projectId: string
  taskId?: string
}

/** Appends to a thread; gives the message's id and number. The task of the thread, where it has one, must be locked. */
export async function appendMessage(
  { sql, event }: Change,
  thread: MessageThread,
  message: NewMessage,
): Promise<{ id: string; seq: number }> {
  const { nextSeq } = await sql.thread.update({ where: { id: thread.id }, data: { nextSeq: { increment: 1 } } })
  const seq = nextSeq - 1
  const {
    id = uuid(),
    role,
    text,
    parts = [],
    position,
    attempt = 0,
    iteration,
    mode,
    read = position !== undefined,
  } = message
  await sql.message.create({
    data: {
      id,
      threadId: thread.id,
      seq,
      role,
      text,
      parts: parts as Prisma.InputJsonArray,
      position: position ?? null,
      attempt,
      iteration: iteration ?? null,
      mode: mode ?? null,
      readAt: read ? new Date() : null,
    },
  })
  event({
    projectId: thread.projectId,
    type: 'message.created',
    threadId: thread.id,
    ...(thread.taskId && { taskId: thread.taskId }),
    payload: { messageId: id, seq, role },
  })
  return { id, seq }
}

/** Tells people something in the thread of a task or turn; the agent does not read it. */
export async function tellPeople(change: Change, task: Task, text: string, parts: MessagePart[] = []): Promise<void> {
  await appendMessage(change, threadOf(task), { role: 'system', text, parts, attempt: task.attempt, read: true })
}

/** As `tellPeople`, once in an attempt however often it is said. */
export async function tellPeopleOnce(change: Change, task: Task, text: string): Promise<void> {
  const { threadId, attempt } = task
  const said = await change.sql.message.count({ where: { threadId, attempt, role: 'system', text } })
  if (said === 0) await tellPeople(change, task, text)
}

/** A row as the model reads it: what the system says reaches it as a user's words, marked as a notice. */
export function toHistory(row: Pick<Message, 'role' | 'text' | 'parts'>): HistoryMessage {
  const parts = MessagePart.array().parse(row.parts)
  if (row.role === 'tool') {
    const results = parts.flatMap(part =>
      part.type === 'result' ? [{ callId: part.callId, name: part.name, text: part.text }] : [],
    )
    return { role: 'tool', results }
  }
  if (row.role === 'system') return { role: 'user', text: row.text, notice: true }
  if (row.role !== 'assistant') return { role: 'user', text: row.text }
  const calls = parts.flatMap(part =>
    part.type === 'call'
      ? [{ id: part.id, name: part.name, args: part.args, ...(part.error && { error: part.error }) }]
      : [],
  )
  const metadata = parts.find(part => part.type === 'providerMetadata')
  return { role: 'assistant', text: row.text, calls, ...(metadata && { providerMetadata: metadata.value }) }
}

/** What was said in a thread and not read yet, oldest first. */
export function findUnread({ sql }: Pick<Change, 'sql'>, threadId: string): Promise<Message[]> {
  return sql.message.findMany({ where: unreadIn(threadId), orderBy: { seq: 'asc' } })
}

/** Whether something was said that no iteration has read yet. */
export async function hasUnread({ sql }: Change, threadId: string): Promise<boolean> {
  return (await sql.message.findFirst({ where: unreadIn(threadId), select: { id: true } })) !== null
}

/**
 * What was said in a thread and not read yet, oldest first. The rows are locked: until the transaction's end nobody changes or takes
 * back what is read in it.
 */
export async function lockUnread(sql: Sql, threadId: string): Promise<Message[]> {
  await sql.$queryRaw`
    SELECT id FROM messages WHERE thread_id = ${threadId}::uuid AND role IN ('user', 'system')
      AND position IS NULL AND read_at IS NULL
    ORDER BY seq FOR UPDATE`
  return findUnread({ sql }, threadId)
}

/**
 * Of what is unread in the thread of a task or turn, what its run may read: all of it; of a turn's, what comes before the first message
 * of another mode.
 */
export function readableBy<M extends Pick<Message, 'mode'>>(
  task: { kind: string; mode: string | null },
  unread: readonly M[],
): M[] {
  if (task.kind !== 'turn') return [...unread]
  const other = unread.findIndex(({ mode }) => mode !== null && mode !== task.mode)
  return unread.slice(0, other < 0 ? undefined : other)
}

/**
 * Of what a run may read, what can be the answer to its last reply's question: a person's words that ask for nothing else, said since.
 * What was said before steers the agent, after it was answered.
 */
export async function answersAmong(sql: Sql, task: Task, unread: readonly Message[]): Promise<Message[]> {
  if (unread.length === 0) return []
  const asked = await sql.message.findFirst({
    where: { threadId: task.threadId, role: 'assistant' },
    orderBy: { seq: 'desc' },
    select: { seq: true },
  })
  return readableBy(task, unread).filter(
    ({ role, parts, seq }) => role === 'user' && (parts as unknown[]).length === 0 && seq > (asked?.seq ?? -1),
  )
}

/** Takes messages as read, each with the given place in the history, or as an answer, without one. */
export async function markRead(
  { sql, event }: Change,
  thread: MessageThread,
  messages: readonly Message[],
  readAt: Date,
  firstPosition: number | null,
): Promise<void> {
  const { id: threadId, ...of } = thread
  for (const [index, { id, seq }] of messages.entries()) {
    const position = firstPosition === null ? null : firstPosition + index
    await sql.message.update({ where: { id }, data: { position, readAt } })
    event({ ...of, threadId, type: 'message.read', payload: { messageId: id, seq } })
  }
}

/** What was said in a thread that no iteration has read yet. */
export const unreadIn = (threadId: string) =>
  ({ threadId, role: { in: ['user', 'system'] }, position: null, readAt: null }) satisfies Prisma.MessageWhereInput

/** The place that follows the last one in the history of a thread. The thread's task must be locked. */
export async function nextPosition({ sql }: Change, threadId: string): Promise<number> {
  const last = await sql.message.aggregate({ where: { threadId }, _max: { position: true } })
  return (last._max.position ?? -1) + 1
}
