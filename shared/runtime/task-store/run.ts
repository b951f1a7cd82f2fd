import { v7 as uuid } from 'uuid'
import type { Task } from '../../../prisma/generated/client.ts'
import type { ModelReply } from '../../contract/history.ts'
import type { MessagePart } from '../../contract/thread.ts'
import { LIMITS } from '../../domain/limits.ts'
import type { Prisma } from '../db.ts'
import { Fenced } from '../refused.ts'
import { type Change, change, type StoreDeps } from './change.ts'
import { claimTask } from './claim.ts'
import { fenced, fencedEnd } from './fence.ts'
import { failRun, finishRun } from './finish.ts'
import { appendMessage, nextPosition, toHistory } from './messages.ts'
import type { IterationEnd, RunStore } from './types.ts'

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
        await appendMessage(unit, thread(task), { role: 'user', text: prompt, position, attempt: task.attempt })
      }),

    load: fence =>
      fenced(deps, fence, 'load', async ({ sql }, { task }) => {
        const rows = await sql.message.findMany({
          where: { threadId: task.threadId, position: { gte: task.historyFrom } },
          orderBy: { position: 'asc' },
        })
        return {
          history: rows.map(toHistory),
          iteration: task.iterations,
          checkFixes: task.checkFixes,
          headSha: task.headSha,
        }
      }),

    endIteration: (fence, end) =>
      fenced(deps, fence, 'endIteration', (unit, { task }) => endIteration(unit, task, end)),

    readMessages: fence =>
      fenced(deps, fence, 'readMessages', async (unit, { task, now }) => {
        const unread = await unit.sql.message.findMany({
          where: { threadId: task.threadId, role: { in: ['user', 'system'] }, position: null },
          orderBy: { seq: 'asc' },
        })
        if (unread.length === 0) return []
        const first = await nextPosition(unit, task.threadId)
        for (const [index, { id, seq }] of unread.entries()) {
          await unit.sql.message.update({ where: { id }, data: { position: first + index, readAt: now } })
          unit.event({ ...about(task), type: 'message.read', payload: { messageId: id, seq } })
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
        await storeReply(unit, held.task, { iteration, reply, costUsd })
        await failRun(unit, held, { code: 'agent_failed', message: failure.message })
      })
    },

    tell: (fence, text, progress) =>
      fenced(deps, fence, 'tell', async (unit, { task }) => {
        const position = await nextPosition(unit, task.threadId)
        await appendMessage(unit, thread(task), { role: 'system', text, position, attempt: task.attempt })
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
        unit.event({ ...about(task), type: 'task.check', payload: { status: checkStatus, exitCode, passed, failed } })
      }),
  }
}

async function storeReply(
  unit: Change,
  task: Task,
  { iteration, reply, costUsd }: { iteration: number; reply: ModelReply; costUsd: number },
): Promise<void> {
  if (task.iterations >= iteration) return
  const parts: MessagePart[] = reply.calls.map(call => ({ type: 'call', ...call }))
  if (reply.providerMetadata !== undefined) parts.push({ type: 'providerMetadata', value: reply.providerMetadata })
  const position = await nextPosition(unit, task.threadId)
  const message = { role: 'assistant' as const, text: reply.text, parts, position, attempt: task.attempt, iteration }
  await appendMessage(unit, thread(task), message)
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
  unit.event({ ...about(task), type: 'task.iteration', payload: { iteration, calls } })
}

async function endIteration(unit: Change, task: Task, end: IterationEnd): Promise<void> {
  const { iteration, steps, results, checkpoint } = end
  const { attempt } = task
  const answered = await unit.sql.message.count({
    where: { threadId: task.threadId, role: 'tool', attempt, iteration },
  })
  if (answered > 0) return
  await unit.sql.step.createMany({
    data: steps.map(step => ({
      ...step,
      id: uuid(),
      taskId: task.id,
      epoch: task.epoch,
      attempt,
      iteration,
      args: (step.args ?? {}) as Prisma.InputJsonValue,
    })),
  })
  const parts: MessagePart[] = results.results.map(result => ({ type: 'result', ...result }))
  const position = await nextPosition(unit, task.threadId)
  await appendMessage(unit, thread(task), { role: 'tool', text: '', parts, position, attempt, iteration })
  for (const { tool, summary, ms, exitCode, callIndex } of steps) {
    unit.event({ ...about(task), type: 'task.step', payload: { iteration, callIndex, tool, summary, ms, exitCode } })
  }
  if (!checkpoint) return
  await unit.sql.checkpoint.create({
    data: { id: uuid(), taskId: task.id, epoch: task.epoch, attempt, iteration, sha: checkpoint },
  })
  await unit.sql.task.update({ where: { id: task.id }, data: { headSha: checkpoint, deaths: 0 } })
  unit.event({ ...about(task), type: 'task.checkpoint', payload: { iteration, sha: checkpoint } })
}

const thread = (task: Task) => ({ id: task.threadId, projectId: task.projectId, taskId: task.id })
const about = (task: Task) => ({ projectId: task.projectId, taskId: task.id, threadId: task.threadId })
