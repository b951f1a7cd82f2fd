import { LIMITS } from '../../domain/limits.ts'
import type { Database } from '../db.ts'
import { change, type StoreDeps } from '../task-store/change.ts'
import { unsatisfied } from '../task-store/claim.ts'
import { lockOrganization, lockTasks } from '../task-store/lock.ts'
import { discardJob, enqueue, fillSlots } from '../task-store/queue.ts'
import type { TaskFlow } from './index.ts'

type Deps = StoreDeps & { flow: TaskFlow }

/** How long a job that was found alive is left alone. */
const RECHECK_MS = 3 * LIMITS.engine.reconcileEveryMs
const BATCH = 500

/**
 * Repairs what a crash skipped or Redis forgot; gives how many tasks got a new job. Reads only what is owed a look: tasks
 * whose `due_at` is over, lines of applies that nobody works on, organizations with tasks in line.
 */
export async function reconcile(deps: Deps): Promise<number> {
  let repaired = 0
  for (;;) {
    const due = await deps.db.prisma.$queryRaw<{ id: string }[]>`
      SELECT id FROM tasks WHERE due_at < now() ORDER BY due_at LIMIT ${BATCH}`
    for (const { id } of due) if (await repairTask(deps, id)) repaired++
    if (due.length < BATCH) break
  }
  await restartLines(deps)
  await refillSlots(deps)
  return repaired
}

/** After Redis has lost its memory every job is gone: all that are owed one are looked at, as are all lines of applies. */
export async function rebuildAfterLoss({ db, flow, log }: Deps, installation: string): Promise<boolean> {
  if (await flow.remembers(installation)) return false
  const lost = await db.prisma.$executeRaw`
    UPDATE tasks SET due_at = now() WHERE state = 'queued' AND job_number IS NOT NULL`
  await db.prisma.$executeRaw`
    INSERT INTO outbox (kind, payload)
    SELECT DISTINCT 'apply', jsonb_build_object('projectId', project_id) FROM applies WHERE finished_at IS NULL`
  await flow.markRemembered(installation)
  log.warn({ lost }, 'queue.rebuilt')
  return true
}

async function repairTask(deps: Deps, taskId: string): Promise<boolean> {
  const seen = await deps.db.prisma.task.findUnique({ where: { id: taskId } })
  if (!seen || (seen.state !== 'queued' && seen.state !== 'active')) {
    await deps.db.prisma.task.updateMany({ where: { id: taskId, state: seen?.state ?? '' }, data: { dueAt: null } })
    return false
  }
  const job = seen.jobNumber === null ? 'unknown' : await deps.flow.stateOf(taskId, seen.jobNumber)
  return change(deps, async unit => {
    const { tasks, now } = await lockTasks(unit.sql, [taskId])
    const task = tasks[0]
    if (!task?.dueAt || task.dueAt > now || task.jobNumber !== seen.jobNumber || task.state !== seen.state) return false
    const held = job === 'waiting-children'
    const lives = task.state === 'queued' && job !== 'unknown' && !(held && !(await unsatisfied(unit.sql, taskId)))
    if (lives) {
      const dueAt = held ? null : new Date(now.getTime() + RECHECK_MS)
      await unit.sql.task.update({ where: { id: taskId }, data: { dueAt } })
      return false
    }
    deps.log.info({ taskId, state: task.state, job }, 'job.repaired')
    await discardJob(unit, task)
    await enqueue(unit, [taskId])
    return true
  })
}

async function restartLines({ db, hints }: Deps): Promise<void> {
  const added = await db.prisma.$executeRaw`
    INSERT INTO outbox (kind, payload)
    SELECT DISTINCT 'apply', jsonb_build_object('projectId', a.project_id) FROM applies a JOIN projects p ON p.id = a.project_id
    WHERE a.finished_at IS NULL AND (p.apply_lease_until IS NULL OR p.apply_lease_until < now())
      AND a.requested_at < now() - ${LIMITS.engine.reconcileEveryMs} * interval '1 millisecond'`
  if (added > 0) hints.outboxFilled()
}

/** A limit that was raised, or a slot that a crash left empty. */
async function refillSlots(deps: Deps): Promise<void> {
  for (const organizationId of await organizationsInLine(deps.db)) {
    await change(deps, async unit => fillSlots(unit, await lockOrganization(unit.sql, organizationId)))
  }
}

async function organizationsInLine(db: Database): Promise<string[]> {
  const rows = await db.prisma.$queryRaw<{ organization_id: string }[]>`
    SELECT DISTINCT organization_id FROM tasks WHERE in_line_at IS NOT NULL`
  return rows.map(row => row.organization_id)
}
