import { v7 as uuid } from 'uuid'
import type { Task } from '../../../prisma/generated/client.ts'
import type { ProjectSettings } from '../../contract/project.ts'
import { LIMITS } from '../../domain/limits.ts'
import { satisfies, type TaskKind, type TaskState } from '../../domain/task-state.ts'
import type { Sql } from '../db.ts'
import { type Change, runEvent } from './change.ts'
import { type LockedOrganization, lockOrganization, lockTasks } from './lock.ts'
import { move, stateOf, type TaskData } from './move.ts'
import { stopPipelines } from './pipeline-end.ts'
import { callNext, discardJob, enqueue, fillSlots, type NextInLine, nextInLine } from './queue.ts'
import { lastReadyHead } from './stale.ts'
import { afterFailedTurn } from './turn.ts'
import type { Claim, ClaimResult, FollowedTask, TurnMode } from './types.ts'

/**
 * Decides what a job is worth, whatever the queue believed: only here does a task become active, and only when its
 * prerequisites are satisfied and a slot is free. The epoch it gets fences every later write of the run.
 */
export async function claimTask(
  change: Change,
  taskId: string,
  jobNumber: bigint,
  worker: string,
): Promise<ClaimResult> {
  const { sql } = change
  const known = await lookUp(sql, taskId)
  const superseded = { kind: 'refused', reason: 'superseded' } as const
  if (!known || (known.jobNumber !== jobNumber && !known.lost)) return superseded
  const organization = await lockOrganization(sql, known.organizationId)
  const { tasks, now } = await lockTasks(sql, [taskId])
  const task = tasks[0]
  if (!task) return superseded
  const prerequisites = await readPrerequisites(sql, taskId)

  if (stateOf(task) === 'active') {
    const leaseMs = (task.leaseUntil?.getTime() ?? 0) - now.getTime()
    // Where claims take longer than it takes to call again, the first to come must do: else each call would undo the one before.
    if (leaseMs <= 0) {
      return takeOver(change, { organization, task, now }, { worker, known, prerequisites }, jobNumber)
    }
    return task.jobNumber === jobNumber ? { kind: 'busy', retryInMs: leaseMs } : superseded
  }
  if (task.jobNumber !== jobNumber) return superseded
  if (stateOf(task) !== 'queued') return { kind: 'refused', reason: 'state' }
  if (!prerequisites.every(({ state }) => satisfies(state))) {
    // A prerequisite went back to work after its gate was gone: a new job with new gates waits for it.
    await enqueue(change, [taskId])
    await fillSlots(change, organization)
    return { kind: 'refused', reason: 'dependency' }
  }
  if (task.kind !== 'turn') {
    const next = await nextInLine(change, organization)
    if (!next.some(({ id }) => id === task.id)) return stayInLine(change, task, next)
  }

  await move(
    change,
    { task, now },
    'active',
    { ...held(task, worker, now), startedAt: task.startedAt ?? now, activeSince: now },
    { worker, epoch: Number(task.epoch) + 1 },
  )
  return claimed(change, task, { worker, known, prerequisites })
}

/** What a claim carries of the task's project; read before anything is locked. */
interface Known {
  jobNumber: bigint | null
  /** Active, with a lease that is over. */
  lost: boolean
  organizationId: string
  settings: ProjectSettings
  defaultBranch: string
  slug: string
  pipelineBaseSha: string | null
}

async function lookUp(sql: Sql, taskId: string): Promise<Known | undefined> {
  const [known] = await sql.$queryRaw<[Known?]>`
    SELECT t.job_number AS "jobNumber", t.organization_id AS "organizationId",
      t.state = 'active' AND t.lease_until <= clock_timestamp() AS lost,
      p.settings, p.default_branch AS "defaultBranch", p.slug, l.base_sha AS "pipelineBaseSha"
    FROM tasks t JOIN projects p ON p.id = t.project_id LEFT JOIN pipelines l ON l.id = t.pipeline_id
    WHERE t.id = ${taskId}::uuid`
  return known
}

interface Prerequisite {
  id: string
  state: TaskState
  title: string
  headSha: string | null
  output: string | null
  activeMs: bigint
}

/** Direct prerequisites in the order in which they were named. */
async function readPrerequisites(sql: Sql, taskId: string): Promise<Prerequisite[]> {
  return sql.$queryRaw<Prerequisite[]>`
    SELECT q.id, q.state, q.title, q.head_sha AS "headSha", q.output, q.active_ms AS "activeMs"
    FROM edges e JOIN tasks q ON q.id = e.prerequisite_id WHERE e.task_id = ${taskId}::uuid ORDER BY e.position`
}

async function readFollowed(sql: Sql, id: string): Promise<FollowedTask | null> {
  const text = { title: true, description: true, plan: true, doneWhen: true, output: true } as const
  const task = await sql.task.findUnique({ where: { id }, select: { id: true, number: true, activeMs: true, ...text } })
  if (!task) return null
  const { activeMs, output, ...rest } = task
  return { ...rest, output: output ?? '', activeSeconds: Number(activeMs) / 1000 }
}

interface Claimer {
  worker: string
  known: Known
  prerequisites: readonly Prerequisite[]
}

/** The former worker's lease has run out: it died, hangs, or was cut off. */
async function takeOver(
  change: Change,
  locked: { organization: LockedOrganization; task: Task; now: Date },
  claimer: Claimer,
  jobNumber: bigint,
): Promise<ClaimResult> {
  const { task, now } = locked
  const { worker } = claimer
  const deaths = task.deaths + 1
  await change.sql.run.updateMany({
    where: { taskId: task.id, epoch: task.epoch, endedAt: null },
    data: { endedAt: now, outcome: 'lost' },
  })
  if (deaths >= LIMITS.engine.workerDeaths) {
    const message = `${deaths} workers in a row were lost while they ran this task, without a new checkpoint. Its commands may exhaust the host.`
    await move(change, { task, now }, 'failed', {
      deaths,
      finishedAt: now,
      failureCode: 'worker_lost',
      failureText: message,
    })
    await stopPipelines(change, { task, now }, 'failed')
    await afterFailedTurn(change, { task, now }, message)
    await fillSlots(change, locked.organization)
    return { kind: 'refused', reason: 'failed' }
  }
  if (task.jobNumber !== jobNumber) await discardJob(change, task)
  await change.sql.task.update({ where: { id: task.id }, data: { ...held(task, worker, now), deaths, jobNumber } })
  const epoch = Number(task.epoch) + 1
  change.event(runEvent(task, 'claimed', { epoch, worker, previousWorker: task.leaseOwner, deaths }))
  return claimed(change, task, claimer)
}

/** Columns of a live claim. The reconciler looks after it as soon as the lease is over. */
function held(task: { epoch: bigint }, worker: string, now: Date): TaskData & { epoch: bigint } {
  const leaseUntil = new Date(now.getTime() + LIMITS.engine.leaseMs)
  return { epoch: task.epoch + 1n, leaseOwner: worker, leaseUntil, dueAt: leaseUntil, inLineAt: null, reservedUsd: 0 }
}

/** The slots belong to others. It takes its place, or keeps it; its job is over, and the next one comes with a free slot. */
async function stayInLine(change: Change, task: Task, next: readonly NextInLine[]): Promise<ClaimResult> {
  await change.sql.$executeRaw`
    UPDATE tasks SET job_number = NULL, due_at = NULL, in_line_at = coalesce(in_line_at, clock_timestamp())
    WHERE id = ${task.id}::uuid`
  if (task.inLineAt === null) {
    change.event(runEvent(task, 'updated', { fields: ['blocked'], reason: 'slot' }))
  }
  await callNext(change, next)
  return { kind: 'refused', reason: 'slot' }
}

async function claimed({ sql }: Change, task: Task, { worker, known, prerequisites }: Claimer): Promise<ClaimResult> {
  const epoch = task.epoch + 1n
  await sql.run.create({ data: { id: uuid(), taskId: task.id, epoch, attempt: task.attempt, worker } })
  const claim: Claim = {
    taskId: task.id,
    epoch,
    worker,
    projectId: task.projectId,
    organizationId: task.organizationId,
    threadId: task.threadId,
    number: task.number,
    title: task.title,
    kind: task.kind as TaskKind,
    mode: task.mode as TurnMode | null,
    pipelineId: task.pipelineId,
    pipelineBaseSha: known.pipelineBaseSha,
    text: { description: task.description, plan: task.plan, doneWhen: task.doneWhen },
    attempt: task.attempt,
    iterations: task.iterations,
    model: task.model,
    baseSha: task.baseSha,
    headSha: task.headSha,
    readyHead: await lastReadyHead(sql, task),
    settings: known.settings,
    defaultBranch: known.defaultBranch,
    slug: known.slug,
    follows: task.followsId === null ? null : await readFollowed(sql, task.followsId),
    prerequisites: prerequisites.map(({ id, title, headSha, output, activeMs }) => ({
      id,
      title,
      headSha,
      output: output ?? '',
      activeSeconds: Number(activeMs) / 1000,
    })),
  }
  return { kind: 'claimed', claim }
}
