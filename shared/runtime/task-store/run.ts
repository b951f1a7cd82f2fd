import { v7 as uuid } from 'uuid'
import type { Task } from '../../../prisma/generated/client.ts'
import type { ModelReply } from '../../contract/history.ts'
import type { MessagePart } from '../../contract/thread.ts'
import { LIMITS } from '../../domain/limits.ts'
import { Fenced } from '../refused.ts'
import { type Change, change, runEvent, type StoreDeps } from './change.ts'
import { claimTask } from './claim.ts'
import { fenced, fencedEnd } from './fence.ts'
import { failRun, finishRun } from './finish.ts'
import { endIteration, openReply, writeJournal } from './journal.ts'
import { appendMessage, nextPosition, threadOf, toHistory, unreadIn } from './messages.ts'
import type { RunStore } from './types.ts'

/** What runs write, each in one fenced transaction. */
export function createRunStore(deps: StoreDeps): RunStore {
  return {
    ...finishRun(deps),

    claim: (taskId, jobNumber, worker) => change(deps, unit => claimTask(unit, taskId, jobNumber, worker)),

    async renew({ taskId, epoch, worker }) {
      const renewed = await deps.db.prisma.$executeRaw`
        UPDATE tasks SET lease_until = now() + ${LIMITS.engine.leaseMs} * interval '1 millisecond',
                         due_at = now() + ${LIMITS.engine.leaseMs} * interval '1 millisecond'
        WHERE id = ${taskId}::uuid AND epoch = ${epoch} AND state = 'active' AND lease_owner = ${worker}`
      if (renewed === 0) throw new Fenced(`Epoch ${epoch} no longer holds task ${taskId}.`)
    },

    open: (fence, { baseSha, prompt }) =>
      fenced(deps, fence, 'open', async (unit, { task }) => {
        await unit.sql.task.update({ where: { id: task.id }, data: { baseSha } })
        const begun = await unit.sql.message.count({
          where: { threadId: task.threadId, position: { gte: task.historyFrom } },
        })
        if (begun > 0) return
        const position = await nextPosition(unit, task.threadId)
        await appendMessage(unit, threadOf(task), { role: 'user', text: prompt, position, attempt: task.attempt })
      }),

    load: fence =>
      fenced(deps, fence, 'load', async ({ sql }, { task }) => {
        const rows = await sql.message.findMany({
          where: { threadId: task.threadId, position: { gte: task.historyFrom } },
          orderBy: { position: 'asc' },
        })
        return {
          history: rows.map(toHistory),
          open: await openReply(sql, task, rows.at(-1)),
          iteration: task.iterations,
          checkFixes: task.checkFixes,
          headSha: task.headSha,
        }
      }),

    journal: (fence, reply, steps, checkpoint) =>
      fenced(deps, fence, 'journal', (unit, { task }) => writeJournal(unit, task, reply, steps, checkpoint)),

    endIteration: (fence, end) =>
      fenced(deps, fence, 'endIteration', (unit, { task }) => endIteration(unit, task, end)),

    readMessages: fence =>
      fenced(deps, fence, 'readMessages', async (unit, { task, now }) => {
        const unread = await unit.sql.message.findMany({
          where: unreadIn(task.threadId),
          orderBy: { seq: 'asc' },
        })
        if (unread.length === 0) return []
        const first = await nextPosition(unit, task.threadId)
        for (const [index, { id, seq }] of unread.entries()) {
          await unit.sql.message.update({ where: { id }, data: { position: first + index, readAt: now } })
          const { id: threadId, ...of } = threadOf(task)
          unit.event({ ...of, threadId, type: 'message.read', payload: { messageId: id, seq } })
        }
        return unread.map(toHistory)
      }),

    storeReply: (fence, iteration, reply, costUsd) => {
      const { failure } = reply
      if (!failure)
        return fenced(deps, fence, 'storeReply', (unit, { task }) =>
          storeReply(unit, task, { iteration, reply, costUsd }),
        )
      return fencedEnd(deps, fence, 'storeReply', async (unit, held) => {
        const seq = await storeReply(unit, held.task, { iteration, reply, costUsd })
        await failRun(unit, held, { code: 'agent_failed', message: failure.message })
        return seq
      })
    },

    tell: (fence, text, progress) =>
      fenced(deps, fence, 'tell', async (unit, { task }) => {
        const position = await nextPosition(unit, task.threadId)
        await appendMessage(unit, threadOf(task), { role: 'system', text, position, attempt: task.attempt })
        if (progress) await unit.sql.task.update({ where: { id: task.id }, data: progress })
      }),

    storeCheck: (fence, check, onMain) =>
      fenced(deps, fence, 'storeCheck', async (unit, { task }) => {
        const { projectId } = task
        await unit.sql.check.create({
          data: { id: uuid(), projectId, taskId: onMain ? null : task.id, onMain, ...check },
        })
        if (onMain) return
        const checkStatus = check.exitCode === 0 ? 'passed' : 'failed'
        await unit.sql.task.update({
          where: { id: task.id },
          data: { checkStatus, checkPassed: check.passed, checkFailed: check.failed },
        })
        const { exitCode, passed, failed } = check
        unit.event(runEvent(task, 'check', { status: checkStatus, exitCode, passed, failed }))
      }),
  }
}

async function storeReply(
  unit: Change,
  task: Task,
  { iteration, reply, costUsd }: { iteration: number; reply: ModelReply; costUsd: number },
): Promise<number> {
  const { threadId, attempt } = task
  const stored = await unit.sql.message.findFirst({ where: { threadId, role: 'assistant', attempt, iteration } })
  if (stored) return stored.seq
  const parts: MessagePart[] = reply.calls.map(call => ({ type: 'call', ...call }))
  if (reply.providerMetadata !== undefined) parts.push({ type: 'providerMetadata', value: reply.providerMetadata })
  const position = await nextPosition(unit, threadId)
  const message = { role: 'assistant' as const, text: reply.text, parts, position, attempt, iteration }
  const { seq } = await appendMessage(unit, threadOf(task), message)
  await unit.sql.task.update({
    where: { id: task.id },
    data: {
      iterations: iteration,
      inputTokens: { increment: reply.usage.inputTokens },
      outputTokens: { increment: reply.usage.outputTokens },
      costUsd: { increment: costUsd },
    },
  })
  const calls = reply.calls.map(({ name }) => name)
  unit.event(runEvent(task, 'iteration', { iteration, calls }))
  return seq
}
