import { LIMITS } from '../../domain/limits.ts'
import type { Database, Sql } from '../db.ts'
import { change, type StoreDeps } from '../task-store/change.ts'
import { lockOrganization, lockTask } from '../task-store/lock.ts'
import { discardJob, enqueue, fillSlots, UNSATISFYING } from '../task-store/queue.ts'
import { wake } from '../task-store/wake.ts'
import type { TaskFlow } from './index.ts'

type Deps = StoreDeps & { flow: TaskFlow }

/** How long a job that was found alive is left alone. */
const RECHECK_MS = 3 * LIMITS.engine.reconcileEveryMs
/** Whoever took the job of a lost task may be lost too, before the claim: so it is looked after sooner than others. */
const TAKE_OVER_MS = LIMITS.engine.takeOverMs
const BATCH = 500

/**
 * Repairs what a crash skipped or Redis forgot; gives how many tasks got a new job. Reads only what is owed a look: tasks
 * whose `due_at` is over, lines of applies that nobody works on, organizations with tasks in line.
 */
export async function reconcile(deps: Deps): Promise<number> {
  let repaired = 0
  for (;;) {
    const due = await dueTasks(deps.db)
    const { looked, renewed } = await repairTasks(deps, due)
    repaired += renewed
    if (due.length < BATCH || looked === 0) break
  }
  await wakeParked(deps)
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

interface DueTask {
  id: string
  state: string
  jobNumber: bigint | null
}

interface LockedDueTask extends DueTask {
  /** Its worker was lost and it was given a job to be taken over since; before, it is due when its lease ends. */
  calledOut: boolean
}

/** A job that the outbox still holds is not missing: it has not been made yet. */
async function dueTasks({ prisma }: Database): Promise<DueTask[]> {
  return prisma.$queryRaw<DueTask[]>`
    SELECT id, state, job_number AS "jobNumber" FROM tasks
    WHERE due_at < now() AND state <> 'waiting' AND NOT EXISTS (SELECT 1 FROM outbox WHERE outbox.id = tasks.job_number)
    ORDER BY due_at LIMIT ${BATCH}`
}

/**
 * Asks Redis for the jobs of all first, then decides in one transaction. Tasks that somebody else has locked are left for the next
 * time, so that this never waits for one task while it holds another.
 */
async function repairTasks(deps: Deps, due: readonly DueTask[]): Promise<{ looked: number; renewed: number }> {
  const { flow, log } = deps
  if (due.length === 0) return { looked: 0, renewed: 0 }
  const jobs = await Promise.all(
    due.map(({ id, jobNumber }) => (jobNumber === null ? 'unknown' : flow.stateOf(id, jobNumber))),
  )
  const seen = new Map(due.map((task, index) => [task.id, { ...task, job: jobs[index] }]))
  return change(deps, async unit => {
    const locked = await unit.sql.$queryRaw<LockedDueTask[]>`
      SELECT id, state, job_number AS "jobNumber", coalesce(due_at > lease_until, false) AS "calledOut" FROM tasks
      WHERE id = ANY(${due.map(({ id }) => id)}::uuid[]) AND due_at < clock_timestamp()
      ORDER BY id FOR NO KEY UPDATE SKIP LOCKED`
    const tasks = locked.filter(({ id, state, jobNumber }) => {
      const before = seen.get(id)
      return before?.state === state && before.jobNumber === jobNumber
    })
    const blocked = await unsatisfiedAmong(unit.sql, tasks)
    const fate = Object.groupBy(tasks, ({ id, state, calledOut }) => {
      if (state !== 'queued' && state !== 'active') return 'settled'
      const job = seen.get(id)?.job
      // The job of the lost claim may have come back by itself, but to its old place behind all that wait.
      if (state === 'active') return calledOut && (job === 'prioritized' || job === 'waiting') ? 'called' : 'lost'
      if (job === 'unknown') return 'lost'
      if (job !== 'waiting-children') return 'alive'
      return blocked.has(id) ? 'held' : 'lost'
    })
    const { settled = [], held = [], alive = [], called = [], lost = [] } = fate
    await look(unit.sql, [...settled, ...held], null)
    await look(unit.sql, alive, RECHECK_MS)
    await look(unit.sql, called, TAKE_OVER_MS)
    for (const task of lost) {
      log.info({ taskId: task.id, state: task.state, job: seen.get(task.id)?.job }, 'job.repaired')
      if (seen.get(task.id)?.job !== 'unknown') await discardJob(unit, task)
    }
    await enqueue(
      unit,
      lost.map(({ id }) => id),
    )
    const ownerless = lost.filter(({ state }) => state === 'active')
    await look(unit.sql, ownerless, TAKE_OVER_MS)
    return { looked: tasks.length, renewed: lost.length }
  })
}

async function unsatisfiedAmong(sql: Sql, tasks: readonly { id: string }[]): Promise<Set<string>> {
  const edges = await sql.edge.findMany({
    where: { taskId: { in: tasks.map(({ id }) => id) }, prerequisite: { state: { in: UNSATISFYING } } },
    select: { taskId: true },
  })
  return new Set(edges.map(({ taskId }) => taskId))
}

/** When to look again: after so many milliseconds, or not before something happens to the task. */
async function look(sql: Sql, tasks: readonly { id: string }[], afterMs: number | null): Promise<void> {
  if (tasks.length === 0) return
  await sql.$executeRaw`
    UPDATE tasks SET due_at = now() + ${afterMs}::float8 * interval '1 millisecond'
    WHERE id = ANY(${tasks.map(({ id }) => id)}::uuid[])`
}

/** Tasks whose wait was for a time, such as a provider's limit. */
async function wakeParked(deps: Deps): Promise<void> {
  const due = await deps.db.prisma.$queryRaw<{ id: string }[]>`
    SELECT id FROM tasks WHERE due_at < now() AND state = 'waiting' ORDER BY due_at LIMIT ${BATCH}`
  for (const { id } of due) {
    await change(deps, async unit => {
      const { task, now } = await lockTask(unit.sql, id)
      if (task.state === 'waiting' && task.dueAt !== null && task.dueAt <= now) await wake(unit, { task, now })
    })
  }
}

/** Removes jobs that stand for nothing: their task is gone, or has another job by now. Reads all of them, so it is done rarely. */
export async function removeOrphans({ db, flow, log }: Deps): Promise<number> {
  const orphans: { taskId: string; n: bigint }[] = []
  for await (const jobs of flow.list()) {
    const tasks = await db.prisma.task.findMany({
      where: { id: { in: jobs.map(({ taskId }) => taskId) } },
      select: { id: true, jobNumber: true },
    })
    const numbers = new Map(tasks.map(({ id, jobNumber }) => [id, jobNumber]))
    orphans.push(...jobs.filter(({ taskId, n }) => numbers.get(taskId) !== n))
  }
  for (const { taskId, n } of orphans) await flow.discard(taskId, n)
  if (orphans.length > 0) log.info({ orphans: orphans.length }, 'queue.swept')
  return orphans.length
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
