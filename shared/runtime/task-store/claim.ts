import { v7 as uuid } from 'uuid'
import type { Task } from '../../../prisma/generated/client.ts'
import type { ProjectSettings } from '../../contract/project.ts'
import { LIMITS } from '../../domain/limits.ts'
import type { Sql } from '../db.ts'
import type { Change } from './change.ts'
import { type LockedOrganization, lockTask } from './lock.ts'
import { move, stateOf, type TaskData } from './move.ts'
import { enqueue, fillSlots, nextInLine, UNSATISFYING } from './queue.ts'
import type { Claim, ClaimResult } from './types.ts'

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
  const known = await sql.task.findUnique({ where: { id: taskId }, select: { jobNumber: true } })
  if (known?.jobNumber !== jobNumber) return { kind: 'refused', reason: 'superseded' }
  const { organization, task, now } = await lockTask(sql, taskId)
  if (task.jobNumber !== jobNumber) return { kind: 'refused', reason: 'superseded' }

  if (stateOf(task) === 'active') {
    const leaseMs = (task.leaseUntil?.getTime() ?? 0) - now.getTime()
    if (leaseMs > 0) return { kind: 'busy', retryInMs: leaseMs }
    return takeOver(change, { organization, task, now }, worker)
  }
  if (stateOf(task) !== 'queued') return { kind: 'refused', reason: 'state' }
  if (await unsatisfied(sql, taskId)) {
    // A prerequisite went back to work after its gate was gone: a new job with new gates waits for it.
    await enqueue(change, [taskId])
    await fillSlots(change, organization)
    return { kind: 'refused', reason: 'dependency' }
  }
  if (!(await getsSlot(change, organization, task))) return stayInLine(change, organization, task)

  await move(
    change,
    { task, now },
    'active',
    { ...held(task, worker, now), startedAt: task.startedAt ?? now, activeSince: now },
    { worker, epoch: Number(task.epoch) + 1 },
  )
  return claimed(change, task, worker)
}

/** The former worker's lease has run out: it died, hangs, or was cut off. */
async function takeOver(
  change: Change,
  locked: { organization: LockedOrganization; task: Task; now: Date },
  worker: string,
): Promise<ClaimResult> {
  const { task, now } = locked
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
    await fillSlots(change, locked.organization)
    return { kind: 'refused', reason: 'failed' }
  }
  await change.sql.task.update({ where: { id: task.id }, data: { ...held(task, worker, now), deaths } })
  change.event({
    projectId: task.projectId,
    type: 'task.claimed',
    taskId: task.id,
    threadId: task.threadId,
    payload: { epoch: Number(task.epoch) + 1, worker, previousWorker: task.leaseOwner, deaths },
  })
  return claimed(change, task, worker)
}

/** Columns of a live claim. The reconciler looks after it as soon as the lease is over. */
function held(task: { epoch: bigint }, worker: string, now: Date): TaskData & { epoch: bigint } {
  const leaseUntil = new Date(now.getTime() + LIMITS.engine.leaseMs)
  return { epoch: task.epoch + 1n, leaseOwner: worker, leaseUntil, dueAt: leaseUntil, inLineAt: null }
}

async function unsatisfied(sql: Sql, taskId: string): Promise<boolean> {
  const open = await sql.edge.findFirst({ where: { taskId, prerequisite: { state: { in: UNSATISFYING } } } })
  return open !== null
}

/** Everybody takes a place in line first, so that who comes later or matters less never overtakes those who wait. */
async function getsSlot(change: Change, organization: LockedOrganization, task: Task): Promise<boolean> {
  await change.sql.$executeRaw`
    UPDATE tasks SET in_line_at = coalesce(in_line_at, clock_timestamp()) WHERE id = ${task.id}::uuid`
  const next = await nextInLine(change, organization)
  return next.some(({ id }) => id === task.id)
}

/** Its job is over; the next one comes with a free slot. If its project is the limit, another project's task may go. */
async function stayInLine(change: Change, organization: LockedOrganization, task: Task): Promise<ClaimResult> {
  await change.sql.$executeRaw`UPDATE tasks SET job_number = NULL, due_at = NULL WHERE id = ${task.id}::uuid`
  if (task.inLineAt === null) {
    change.event({
      projectId: task.projectId,
      type: 'task.updated',
      taskId: task.id,
      threadId: task.threadId,
      payload: { fields: ['blocked'], reason: 'slot' },
    })
  }
  await fillSlots(change, organization)
  return { kind: 'refused', reason: 'slot' }
}

async function claimed({ sql }: Change, task: Task, worker: string): Promise<ClaimResult> {
  const epoch = task.epoch + 1n
  await sql.run.create({ data: { id: uuid(), taskId: task.id, epoch, attempt: task.attempt, worker } })
  const project = await sql.project.findUniqueOrThrow({ where: { id: task.projectId } })
  const edges = await sql.edge.findMany({
    where: { taskId: task.id },
    orderBy: { position: 'asc' },
    include: { prerequisite: true },
  })
  const claim: Claim = {
    taskId: task.id,
    epoch,
    worker,
    projectId: task.projectId,
    organizationId: task.organizationId,
    threadId: task.threadId,
    number: task.number,
    title: task.title,
    text: { description: task.description, plan: task.plan, doneWhen: task.doneWhen },
    attempt: task.attempt,
    model: task.model,
    baseSha: task.baseSha,
    headSha: task.headSha,
    settings: project.settings as ProjectSettings,
    defaultBranch: project.defaultBranch,
    slug: project.slug,
    prerequisites: edges.map(({ prerequisite }) => ({
      id: prerequisite.id,
      title: prerequisite.title,
      headSha: prerequisite.headSha,
      output: prerequisite.output ?? '',
      activeSeconds: Number(prerequisite.activeMs) / 1000,
    })),
  }
  return { kind: 'claimed', claim }
}
