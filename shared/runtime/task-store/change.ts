import type { EventType, RunEvent } from '../../contract/event.ts'
import type { Database, Prisma, Sql } from '../db.ts'
import type { Hints } from '../hints.ts'
import type { Log } from '../log.ts'
import type { OutboxRow } from '../outbox-row.ts'

export interface StoreDeps {
  db: Database
  hints: Hints
  log: Log
  /** Called when a change that Redis has to be told of is committed and not told yet: where tests let a process die. */
  onCommitted?: (() => void) | undefined
}

export interface NewEvent {
  projectId: string
  type: EventType
  taskId?: string
  threadId?: string
  payload?: Prisma.InputJsonObject
}

/** An event of a task's run. A turn is no task to those who listen: what it tells is of its thread. */
export function runEvent(
  task: { kind: string; id: string; projectId: string; threadId: string },
  name: RunEvent,
  payload: Prisma.InputJsonObject,
): NewEvent {
  const { kind, id, projectId, threadId } = task
  if (kind === 'turn') return { projectId, threadId, type: `turn.${name}`, payload }
  return { projectId, threadId, taskId: id, type: `task.${name}`, payload }
}

/** One transaction in the making: its rows, and what is told once it has been committed. */
export interface Change {
  sql: Sql
  /** Numbered and written at the end, so that the project's counter is the last row that is locked. */
  event(event: NewEvent): void
  outbox(row: OutboxRow): Promise<void>
  /** Rows were put into the outbox by a statement of its own. */
  outboxFilled(): void
  /** The task's owner should look at it. */
  nudge(taskId: string): void
}

/** Runs `work` in one transaction, writes its events, and then tells whoever listens: commit, then tell. */
export async function change<T>(
  { db, hints, onCommitted }: StoreDeps,
  work: (change: Change) => Promise<T>,
): Promise<T> {
  const { result, told } = await db.transaction(async sql => {
    const events: NewEvent[] = []
    const told = { projects: new Map<string, bigint>(), outbox: false, tasks: new Set<string>() }
    const result = await work({
      sql,
      event: event => events.push(event),
      nudge: taskId => told.tasks.add(taskId),
      outboxFilled: () => {
        told.outbox = true
      },
      async outbox({ kind, ...payload }) {
        await sql.outbox.create({ data: { kind, payload } })
        told.outbox = true
      },
    })
    told.projects = await appendEvents(sql, events)
    return { result, told }
  })
  if (told.outbox) onCommitted?.()
  for (const [projectId, seq] of told.projects) hints.projectChanged(projectId, seq)
  for (const taskId of told.tasks) hints.taskChanged(taskId)
  if (told.outbox) hints.outboxFilled()
  return result
}

/** Gives the last number of each project that got an event. */
async function appendEvents(sql: Sql, events: readonly NewEvent[]): Promise<Map<string, bigint>> {
  const last = new Map<string, bigint>()
  for (const [projectId, own] of [...Map.groupBy(events, event => event.projectId)].sort()) {
    const rows = own.map(({ payload = {}, ...event }, index) => ({ ...event, payload, place: index + 1 }))
    const [counter] = await sql.$queryRaw<[{ seq: bigint }?]>`
      WITH counter AS (
        UPDATE event_counters SET seq = seq + ${own.length} WHERE project_id = ${projectId}::uuid RETURNING seq
      ), written AS (
        INSERT INTO events (project_id, seq, type, task_id, thread_id, payload)
        SELECT ${projectId}::uuid, counter.seq - ${own.length} + place, type, "taskId", "threadId", payload
        FROM counter, jsonb_to_recordset(${JSON.stringify(rows)}::jsonb)
          AS event(place int, type text, "taskId" uuid, "threadId" uuid, payload jsonb)
        ORDER BY place
      )
      SELECT seq FROM counter`
    if (counter) last.set(projectId, counter.seq)
  }
  return last
}
