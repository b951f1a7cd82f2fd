import { type Message, MessagePart, type Thread, type TurnMode } from '../../../shared/contract/thread.ts'
import type {
  Database,
  Message as MessageRow,
  Task as TaskRow,
  Thread as ThreadRow,
} from '../../../shared/runtime/db.ts'
import { presentTasks } from './task.ts'

/** What `presentThreads` needs beside the rows. */
export const withTask = { task: true } as const

/** Threads as the API shows them, in the order given. What a task or turn waits for is read for all of them together. */
export async function presentThreads(
  db: Database,
  rows: readonly (ThreadRow & { task: TaskRow | null })[],
): Promise<Thread[]> {
  const tasks = await presentTasks(
    db,
    rows.flatMap(row => row.task ?? []),
  )
  const byThread = new Map(tasks.map(task => [task.threadId, task]))
  return rows.map(row => {
    const task = byThread.get(row.id)
    const isTask = row.kind === 'task'
    return {
      id: row.id,
      projectId: row.projectId,
      kind: row.kind as Thread['kind'],
      taskId: isTask ? (task?.id ?? null) : null,
      title: row.title,
      status: !task || (!isTask && task.state === 'ready') ? 'idle' : task.state,
      blocked: task?.blocked ?? null,
      mode: isTask ? null : ((row.task?.mode as TurnMode | undefined) ?? null),
      failure: task?.failure ?? null,
      createdAt: row.createdAt.toISOString(),
    }
  })
}

export const presentMessage = (row: MessageRow): Message => ({
  id: row.id,
  threadId: row.threadId,
  seq: row.seq,
  role: row.role as Message['role'],
  text: row.text,
  parts: MessagePart.array().parse(row.parts),
  mode: row.mode as TurnMode | null,
  readAt: row.readAt?.toISOString() ?? null,
  createdAt: row.createdAt.toISOString(),
})
