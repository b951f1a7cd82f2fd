import { v7 as uuid } from 'uuid'
import type { Message, Task } from '../../../prisma/generated/client.ts'
import type { MessagePart } from '../../contract/thread.ts'
import type { Prisma, Sql } from '../db.ts'
import { resultsId } from '../message-id.ts'
import { type Change, runEvent } from './change.ts'
import type { Held } from './fence.ts'
import { appendMessage, nextPosition, threadOf } from './messages.ts'
import type { IterationEnd, OpenReply, ReplyKey, StepRecord } from './types.ts'

/** What is known of the reply that `last` is, where it has calls: they are not answered, as nothing follows it. */
export async function openReply(sql: Sql, { task, now }: Held, last: Message | undefined): Promise<OpenReply | null> {
  if (last?.role !== 'assistant' || last.iteration === null) return null
  if (!(last.parts as MessagePart[]).some(part => part.type === 'call')) return null
  const { attempt, iteration, seq, createdAt } = last
  const rows = await sql.step.findMany({
    where: { taskId: task.id, attempt, iteration },
    orderBy: { callIndex: 'asc' },
  })
  const journal = rows.map(({ callIndex, tool, summary, args, result, exitCode, ms }) => ({
    callIndex,
    tool,
    summary,
    args,
    result,
    exitCode,
    ms,
  }))
  // Another host's clock may have been ahead.
  const ageMs = Math.max(0, now.getTime() - createdAt.getTime())
  return { attempt, iteration, seq, ageMs, journal }
}

/** Stores steps that are not in the journal yet, and the work that came of them. */
export async function writeJournal(
  unit: Change,
  task: Task,
  { attempt, iteration }: ReplyKey,
  steps: readonly StepRecord[],
  checkpoint?: string | null,
): Promise<void> {
  const known = await unit.sql.step.findMany({
    where: { taskId: task.id, attempt, iteration },
    select: { callIndex: true },
  })
  const fresh = steps.filter(({ callIndex }) => !known.some(step => step.callIndex === callIndex))
  const at = { taskId: task.id, epoch: task.epoch, attempt, iteration }
  await unit.sql.step.createMany({
    data: fresh.map(step => ({ ...step, ...at, id: uuid(), args: (step.args ?? {}) as Prisma.InputJsonValue })),
  })
  for (const { tool, summary, ms, exitCode, callIndex } of fresh) {
    unit.event(runEvent(task, 'step', { iteration, callIndex, tool, summary, ms, exitCode }))
  }
  if (!checkpoint || checkpoint === task.headSha) return
  const { taskId, epoch } = at
  await unit.sql.checkpoint.upsert({
    where: { taskId_attempt_iteration: { taskId, attempt, iteration } },
    create: { ...at, id: uuid(), sha: checkpoint },
    update: { epoch, sha: checkpoint },
  })
  await unit.sql.task.update({ where: { id: taskId }, data: { headSha: checkpoint, deaths: 0, brokenRuns: 0 } })
  unit.event(runEvent(task, 'checkpoint', { iteration, sha: checkpoint }))
}

/** Stores what is left of the steps, and the answers as a message, once. */
export async function endIteration(unit: Change, task: Task, end: IterationEnd): Promise<void> {
  const { attempt, iteration, steps, results, checkpoint } = end
  const answered = await unit.sql.message.count({
    where: { threadId: task.threadId, role: 'tool', attempt, iteration },
  })
  if (answered > 0) return
  await writeJournal(unit, task, end, steps, checkpoint)
  const parts: MessagePart[] = results.results.map(result => ({ type: 'result', ...result }))
  const position = await nextPosition(unit, task.threadId)
  const id = resultsId({ taskId: task.id, attempt, iteration })
  await appendMessage(unit, threadOf(task), { id, role: 'tool', text: '', parts, position, attempt, iteration })
}
