import { v7 as uuid } from 'uuid'
import type { Message, Task } from '../../../prisma/generated/client.ts'
import type { ModelReply } from '../../contract/history.ts'
import { MessagePart } from '../../contract/thread.ts'
import { LIMITS } from '../../domain/limits.ts'
import { replyId } from '../message-id.ts'
import { Fenced } from '../refused.ts'
import { dropReservation, reserve } from './budget.ts'
import { type Change, change, runEvent, type StoreDeps } from './change.ts'
import { claimTask } from './claim.ts'
import { historyOf } from './context.ts'
import { fenced, fencedEnd } from './fence.ts'
import { failRun, finishRun } from './finish.ts'
import { endIteration, openReply, writeJournal } from './journal.ts'
import {
  answersAmong,
  appendMessage,
  lockUnread,
  markRead,
  nextPosition,
  readableBy,
  tellPeopleOnce,
  threadOf,
  toHistory,
} from './messages.ts'
import { proposals } from './propose.ts'
import { endTurns } from './turn.ts'
import type { RunStore } from './types.ts'
import { recordCall } from './usage.ts'

/** What runs write, each in one fenced transaction. */
export function createRunStore(deps: StoreDeps): RunStore {
  return {
    ...finishRun(deps),
    ...endTurns(deps),
    ...proposals(deps),

    claim: (taskId, jobNumber, worker) => change(deps, unit => claimTask(unit, taskId, jobNumber, worker)),

    async renew({ taskId, epoch, worker }) {
      const renewed = await deps.db.prisma.$executeRaw`
        UPDATE tasks SET lease_until = now() + ${LIMITS.engine.leaseMs} * interval '1 millisecond',
                         due_at = now() + ${LIMITS.engine.leaseMs} * interval '1 millisecond'
        WHERE id = ${taskId}::uuid AND epoch = ${epoch} AND state = 'active' AND lease_owner = ${worker}`
      if (renewed === 0) throw new Fenced(`Epoch ${epoch} no longer holds task ${taskId}.`)
    },

    open: (fence, { baseSha, prompt, moved }) =>
      fenced(deps, fence, 'open', async (unit, { task }) => {
        const headSha = moved && { headSha: moved.headSha }
        await unit.sql.task.update({ where: { id: task.id }, data: { baseSha, ...headSha } })
        // Read before the next reply: it must not stand between a call and its result.
        if (moved)
          await appendMessage(unit, threadOf(task), { role: 'system', text: moved.told, attempt: task.attempt })
        const begun = await unit.sql.message.count({
          where: { threadId: task.threadId, position: { gte: task.historyFrom } },
        })
        if (begun > 0 || prompt === null) return
        const position = await nextPosition(unit, task.threadId)
        await appendMessage(unit, threadOf(task), { role: 'user', text: prompt, position, attempt: task.attempt })
      }),

    load: fence =>
      fenced(deps, fence, 'load', async ({ sql }, held) => {
        const { task } = held
        const rows = await sql.message.findMany({
          where: { threadId: task.threadId, position: { gte: task.historyFrom } },
          orderBy: { position: 'asc' },
        })
        return {
          history: historyOf(rows, task.model),
          open: await openReply(sql, held, rows.at(-1)),
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
        const messages = readableBy(task, await lockUnread(unit.sql, task.threadId))
        if (messages.length === 0) return []
        await markRead(unit, threadOf(task), messages, now, await nextPosition(unit, task.threadId))
        if (task.kind === 'turn') await noteRevised(unit, task, messages)
        return messages.map(toHistory)
      }),

    readAnswer: (fence, { callIndex, ...reply }, step) =>
      fenced(deps, fence, 'readAnswer', async (unit, { task, now }) => {
        const known = await unit.sql.step.findFirst({ where: { taskId: task.id, ...reply, callIndex } })
        if (known) return known.result
        const answers = await answersAmong(unit.sql, task, await lockUnread(unit.sql, task.threadId))
        if (answers.length === 0) return null
        await markRead(unit, threadOf(task), answers, now, null)
        const made = step(answers.map(({ text }) => text))
        await writeJournal(unit, task, reply, [made])
        return made.result
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

    notice: (fence, text) => fenced(deps, fence, 'notice', (unit, { task }) => tellPeopleOnce(unit, task, text)),

    reserve: (fence, request) => reserve(deps, fence, request),
    dropReservation: fence => dropReservation(deps, fence),
    recordCall: (fence, call) =>
      fenced(deps, fence, 'recordCall', (unit, { task }) => recordCall(unit.sql, task, call)),

    left: (fence, branch) =>
      fenced(deps, fence, 'left', async ({ sql }, { task }) => {
        await sql.task.update({ where: { id: task.id }, data: { branch } })
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

/** Drafts that a turn is asked to revise are its own to change until it is over. */
async function noteRevised({ sql }: Change, task: Task, messages: readonly Message[]): Promise<void> {
  const asked = messages.flatMap(({ parts }) =>
    MessagePart.array()
      .parse(parts)
      .flatMap(part => (part.type === 'revise' ? part.taskIds : [])),
  )
  if (asked.length === 0) return
  const before = (task.revising as string[] | null) ?? []
  await sql.task.update({ where: { id: task.id }, data: { revising: [...new Set([...before, ...asked])] } })
}

async function storeReply(
  unit: Change,
  task: Task,
  { iteration, reply, costUsd }: { iteration: number; reply: ModelReply; costUsd: number },
): Promise<number> {
  const { id: taskId, threadId, attempt } = task
  const stored = await unit.sql.message.findFirst({ where: { threadId, role: 'assistant', attempt, iteration } })
  if (stored) return stored.seq
  const parts: MessagePart[] = reply.calls.map(call => ({ type: 'call', ...call }))
  if (reply.providerMetadata !== undefined) parts.push({ type: 'providerMetadata', value: reply.providerMetadata })
  const position = await nextPosition(unit, threadId)
  const id = replyId({ taskId, attempt, iteration })
  const message = { id, role: 'assistant' as const, text: reply.text, parts, position, attempt, iteration }
  const { seq } = await appendMessage(unit, threadOf(task), message)
  await unit.sql.task.update({ where: { id: task.id }, data: { iterations: iteration } })
  await recordCall(unit.sql, task, { purpose: 'reply', model: task.model, usage: reply.usage, costUsd })
  const calls = reply.calls.map(({ name }) => name)
  unit.event(runEvent(task, 'iteration', { iteration, calls }))
  return seq
}
