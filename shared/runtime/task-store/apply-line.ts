import { v7 as uuid } from 'uuid'
import type { Task } from '../../../prisma/generated/client.ts'
import type { ProjectSettings } from '../../contract/project.ts'
import type { ApplyPhase } from '../../contract/task.ts'
import { LIMITS } from '../../domain/limits.ts'
import type { TaskKind } from '../../domain/task-state.ts'
import type { Sql } from '../db.ts'
import { Fenced } from '../refused.ts'
import { breakNotice, brokenMessage, countBreak, rest, toldAtBreak } from './apply-break.ts'
import { type Change, change, runEvent, type StoreDeps } from './change.ts'
import { startAgain } from './decide.ts'
import { countLateWrite } from './fence.ts'
import { followUp, tellFollowUp } from './follow-up.ts'
import { lockOrganizationOf, lockTasks } from './lock.ts'
import { appendMessage, hasUnread, lockUnread, markRead, nextPosition, tellPeople, threadOf } from './messages.ts'
import { move } from './move.ts'
import { startTurn } from './turn.ts'
import type { ApplyItem, ApplyStore, LineFence } from './types.ts'

/** A project's line of applies is worked off by one worker at a time, fenced by an epoch as a task's run is. */
export function createApplyStore(deps: StoreDeps): ApplyStore {
  const { prisma } = deps.db
  return {
    async claimLine(projectId, worker) {
      const [row] = await prisma.$queryRaw<
        [{ epoch: bigint | null; settings: ProjectSettings; branch: string; wait: number }?]
      >`
        WITH claimed AS (
          UPDATE projects SET apply_epoch = apply_epoch + 1, apply_lease_owner = ${worker},
            apply_lease_until = now() + ${LIMITS.engine.leaseMs} * interval '1 millisecond'
          WHERE id = ${projectId}::uuid AND (apply_lease_until IS NULL OR apply_lease_until < now())
          RETURNING id, apply_epoch
        )
        SELECT claimed.apply_epoch AS epoch, p.settings, p.default_branch AS branch,
          greatest(0, extract(epoch FROM p.apply_lease_until - now()) * 1000)::float8 AS wait
        FROM projects p LEFT JOIN claimed ON claimed.id = p.id WHERE p.id = ${projectId}::uuid`
      if (!row) return { busyMs: 0 }
      if (row.epoch === null) return { busyMs: Math.ceil(row.wait) }
      return { fence: { projectId, epoch: row.epoch, worker }, settings: row.settings, defaultBranch: row.branch }
    },

    async renewLine(fence) {
      const { projectId, epoch } = fence
      const renewed = await prisma.$executeRaw`
        UPDATE projects SET apply_lease_until = now() + ${LIMITS.engine.leaseMs} * interval '1 millisecond'
        WHERE id = ${projectId}::uuid AND apply_epoch = ${epoch} AND apply_lease_until IS NOT NULL`
      if (renewed > 0) return
      await countLateRenewal(deps, fence)
      throw lost(projectId)
    },

    async nextApply({ projectId }) {
      const row = await prisma.apply.findFirst({
        where: { projectId, finishedAt: null },
        orderBy: { position: 'asc' },
        include: { task: true },
      })
      if (!row) return null
      const { id, taskId, mainBefore, mergeSha, task } = row
      const { title, number, headSha } = task
      const kind = task.kind as TaskKind
      const phase = row.phase as ApplyPhase
      return {
        id,
        taskId,
        kind,
        title,
        number,
        headSha: headSha!,
        output: task.output ?? '',
        phase,
        mainBefore,
        mergeSha,
      }
    },

    applyPhase: (fence, apply, step) =>
      held(deps, fence, late('applyPhase', apply), alone(apply), async (unit, { tasks: [task] }) => {
        if (!task) return
        await unit.sql.apply.update({ where: { id: apply.id }, data: step })
        unit.event(runEvent(task, 'apply', { phase: step.phase }))
      }),

    applied: (fence, apply, { mergeSha, headSha }) =>
      held(deps, fence, late('applied', apply), alone(apply), async (unit, { tasks, now }) => {
        const [task] = tasks
        if (!task) return
        await unit.sql.apply.update({ where: { id: apply.id }, data: { phase: 'done', finishedAt: now, mergeSha } })
        if (task.kind === 'turn') await turnApplied(unit, { task, now }, mergeSha)
        else await taskApplied(unit, { task, now }, mergeSha)
        await unit.sql.project.update({ where: { id: fence.projectId }, data: { headSha } })
        unit.event({ projectId: fence.projectId, type: 'project.head', payload: { headSha } })
      }),

    async returnToReady(fence, apply, failure, check) {
      await held(deps, fence, late('returnToReady', apply), goingBack(apply), async (unit, locked) => {
        if (check) {
          const of = { projectId: fence.projectId, taskId: apply.taskId, onMain: false }
          await unit.sql.check.create({ data: { id: uuid(), ...of, ...check } })
        }
        await sendBack(unit, locked, apply, failure)
      })
    },

    async applyBroke(fence, apply, reason) {
      await held(deps, fence, late('applyBroke', apply), goingBack(apply), async (unit, locked) => {
        const broken = await countBreak(unit, apply)
        if (!broken) return
        if (broken.breaks < LIMITS.engine.brokenRuns) {
          const task = locked.tasks.find(({ id }) => id === apply.taskId)
          if (task && broken.breaks === toldAtBreak) await tellPeople(unit, task, breakNotice(reason))
          return rest(unit, fence, broken.breaks)
        }
        const failure = { code: 'infrastructure', message: brokenMessage(apply, broken, reason) }
        await sendBack(unit, locked, apply, failure)
      })
    },

    async releaseLine({ projectId, epoch }) {
      await prisma.$executeRaw`
        UPDATE projects SET apply_lease_until = NULL, apply_lease_owner = NULL
        WHERE id = ${projectId}::uuid AND apply_epoch = ${epoch}`
    },

    async storeMainCheck(projectId, check) {
      await prisma.check.create({ data: { id: uuid(), projectId, onMain: true, ...check } })
    },

    async mainCheck(projectId, sha, command) {
      const row = await prisma.check.findFirst({
        where: { projectId, sha, command, onMain: true },
        orderBy: { at: 'desc' },
      })
      if (!row) return null
      const { exitCode, output, passed, failed, ms } = row
      return { command, sha, exitCode, output, passed, failed, ms }
    },
  }
}

type Locked = Awaited<ReturnType<typeof lockTasks>>

/** A write as it is counted where it comes too late. */
interface Late {
  write: string
  taskId: string
}

const late = (write: string, { taskId }: ApplyItem): Late => ({ write: `line.${write}`, taskId })

/**
 * A write of whoever works off the line: organization and tasks locked, then the project, whose epoch must still be his. One that comes
 * too late is counted as a run's is.
 * @param affected the tasks that it changes, asked for when the organization is locked: nobody joins them after that
 */
async function held<T>(
  deps: StoreDeps,
  fence: LineFence,
  { write, taskId }: Late,
  affected: (sql: Sql) => Promise<readonly string[]>,
  work: (unit: Change, locked: Locked) => Promise<T>,
): Promise<T> {
  try {
    return await change(deps, async unit => {
      // Whatever waits in a thread may make a new task, or start one again.
      await lockOrganizationOf(unit.sql, fence.projectId)
      const locked = await lockTasks(unit.sql, await affected(unit.sql))
      const rows = await unit.sql.$queryRaw<unknown[]>`
        SELECT 1 FROM projects WHERE id = ${fence.projectId}::uuid AND apply_epoch = ${fence.epoch} FOR NO KEY UPDATE`
      if (rows.length === 0) throw lost(fence.projectId)
      return work(unit, locked)
    })
  } catch (error) {
    if (error instanceof Fenced) await countLateWrite(deps, { ...fence, taskId }, write)
    throw error
  }
}

const alone =
  ({ taskId }: ApplyItem) =>
  async (): Promise<string[]> => [taskId]

/** Who goes back with a task that cannot be applied: those asked for with it that are still in line, and those that build on it. */
const goingBack =
  ({ id, taskId }: ApplyItem) =>
  async (sql: Sql): Promise<string[]> => {
    const { groupId } = await sql.apply.findUniqueOrThrow({ where: { id } })
    const open = await sql.apply.findMany({ where: { groupId, finishedAt: null }, orderBy: { position: 'asc' } })
    return [...new Set([...open.map(each => each.taskId), ...(await dependantsInLine(sql, taskId))])]
  }

/** Tasks in line, of whatever request, that build on the one that goes back. */
async function dependantsInLine(sql: Sql, taskId: string): Promise<string[]> {
  const rows = await sql.$queryRaw<{ id: string }[]>`
    WITH RECURSIVE behind AS (
      SELECT task_id FROM edges WHERE prerequisite_id = ${taskId}::uuid
      UNION SELECT e.task_id FROM edges e JOIN behind b ON e.prerequisite_id = b.task_id
    )
    SELECT t.id FROM tasks t JOIN behind b ON b.task_id = t.id WHERE t.state = 'applying'`
  return rows.map(({ id }) => id)
}

type Ended = { task: Task; now: Date }

/** The task is part of main. What was said of it meanwhile is no longer about it, and becomes one that follows. */
async function taskApplied(unit: Change, { task, now }: Ended, mergeSha: string | null): Promise<void> {
  await move(unit, { task, now }, 'done', { mergeSha, finishedAt: now }, { mergeSha })
  const said = (await lockUnread(unit.sql, task.threadId)).filter(({ role }) => role === 'user')
  if (said.length === 0) return
  const next = await followUp(unit, task, said.map(({ text }) => text).join('\n\n'))
  await markRead(unit, threadOf(task), said, now, null)
  await tellFollowUp(unit, task, next)
}

/** What a turn has built is part of main; the next one begins there, at once if something waits. */
async function turnApplied(unit: Change, { task, now }: Ended, mergeSha: string | null): Promise<void> {
  const data = { mergeSha, baseSha: null, headSha: null, finishedAt: now }
  await move(unit, { task, now }, 'ready', data, { mergeSha })
  const text = `What you built is part of the main version now${mergeSha ? ` (${mergeSha.slice(0, 10)})` : ''}.`
  await tellInHistory(unit, task, text)
  await startTurn(unit, { task: { ...task, state: 'ready' }, now })
}

async function tellInHistory(unit: Change, task: Task, text: string): Promise<void> {
  const position = await nextPosition(unit, task.threadId)
  await appendMessage(unit, threadOf(task), { role: 'system', text, position, attempt: task.attempt })
}

async function sendBack(
  unit: Change,
  { tasks, now }: Locked,
  apply: ApplyItem,
  failure: { code: string; message: string },
): Promise<void> {
  for (const task of tasks) {
    if (task.state !== 'applying') continue
    const own = task.id === apply.taskId
    const { code, message } = own
      ? failure
      : { code: 'apply_stopped', message: `“${apply.title}” could not be applied: ${failure.message}` }
    await unit.sql.apply.updateMany({
      where: { taskId: task.id, finishedAt: null },
      data: { phase: 'failed', finishedAt: now },
    })
    await move(
      unit,
      { task, now },
      'ready',
      { failureCode: code, failureText: message },
      { failure: { code, message } },
    )
    await tellInHistory(unit, task, message)
    const back = { task: { ...task, state: 'ready' }, now }
    if (task.kind === 'turn') await startTurn(unit, back)
    else if (await hasUnread(unit, task.threadId)) await startAgain(unit, back)
  }
}

/** A renewal belongs to no task but the one that is first in line; who has released the line himself, or let it rest, is not late. */
async function countLateRenewal(deps: StoreDeps, fence: LineFence): Promise<void> {
  const { projectId, epoch } = fence
  const project = await deps.db.prisma.project.findUnique({
    where: { id: projectId },
    select: { applyEpoch: true, applyLeaseOwner: true, applyLeaseUntil: true },
  })
  if (!project || project.applyEpoch === epoch) return
  if (project.applyLeaseOwner === null && project.applyLeaseUntil !== null) return
  const first = await deps.db.prisma.apply.findFirst({
    where: { projectId, finishedAt: null },
    orderBy: { position: 'asc' },
    select: { taskId: true },
  })
  if (first) await countLateWrite(deps, { ...fence, taskId: first.taskId }, 'line.renew')
  else deps.log.warn({ projectId, epoch: Number(epoch), worker: fence.worker, write: 'line.renew' }, 'run.fenced')
}

const lost = (projectId: string): Fenced =>
  new Fenced(`Another worker works off the line of applies of project ${projectId}.`)
