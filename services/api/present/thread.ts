import { type Message, MessagePart, type Thread } from '../../../shared/contract/thread.ts'
import type { Message as MessageRow, Thread as ThreadRow } from '../../../shared/runtime/db.ts'

type WithTask = ThreadRow & { task: { id: string; state: string } | null }

/** What `presentThread` needs beside the row. */
export const withTask = { task: { select: { id: true, state: true } } } as const

export const presentThread = (row: WithTask): Thread => ({
  id: row.id,
  projectId: row.projectId,
  kind: row.kind as Thread['kind'],
  taskId: row.task?.id ?? null,
  title: row.title,
  status: row.task?.state ?? 'idle',
  createdAt: row.createdAt.toISOString(),
})

export const presentMessage = (row: MessageRow): Message => ({
  id: row.id,
  threadId: row.threadId,
  seq: row.seq,
  role: row.role as Message['role'],
  text: row.text,
  parts: MessagePart.array().parse(row.parts),
  readAt: row.readAt?.toISOString() ?? null,
  createdAt: row.createdAt.toISOString(),
})
