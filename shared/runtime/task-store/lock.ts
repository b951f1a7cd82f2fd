import type { Task } from '../../../prisma/generated/client.ts'
import { parallelLimit } from '../../domain/limits.ts'
import type { Sql } from '../db.ts'
import { notFound } from '../refused.ts'

export interface LockedOrganization {
  id: string
  /** How many of its tasks may be active at once. */
  limit: number
}

/**
 * Rows are locked in one order everywhere: organization, tasks by id, project, thread, and the project's event counter last.
 * The organization is locked in a statement of its own, so that what is counted afterwards is counted anew: a count within
 * the locking statement still sees the snapshot from before the wait. Whoever may lock more than one task locks the organization first.
 * NO KEY UPDATE is all that is needed, and does not stand in the way of inserts whose foreign keys point to the row: with
 * plain FOR UPDATE an insert of events and a lock of their project wait for each other.
 */
export async function lockOrganization(sql: Sql, organizationId: string): Promise<LockedOrganization> {
  const [row] = await sql.$queryRaw<[{ id: string; plan: string }?]>`
    SELECT id, plan FROM organizations WHERE id = ${organizationId}::uuid FOR NO KEY UPDATE`
  if (!row) throw notFound('organization')
  return { id: row.id, limit: parallelLimit(row.plan) }
}

/**
 * Locks tasks and gives them in the order of their ids, with the time of Postgres after the wait: a lease counted from the
 * transaction's start could be over before it is committed. Unknown ids are left out.
 */
export async function lockTasks(sql: Sql, ids: readonly string[]): Promise<{ tasks: Task[]; now: Date }> {
  const rows = await sql.$queryRaw<[LockedRow, ...LockedRow[]]>`
    WITH locked AS (SELECT * FROM tasks WHERE id = ANY(${ids}::uuid[]) ORDER BY id FOR NO KEY UPDATE)
    SELECT clock_timestamp() AS clock, locked.* FROM (VALUES (1)) AS always LEFT JOIN locked ON true ORDER BY id`
  return { tasks: rows.filter(({ id }) => id !== null).map(asTask), now: rows.at(-1)!.clock }
}

/** A task's row as Postgres gives it, with the time; without an id where there is none. */
export type LockedRow = { clock: Date; id: string | null } & Record<string, unknown>

/** The row as the client gives it: each column is called as its field, but with underscores. */
export function asTask({ clock: _, ...row }: LockedRow): Task {
  const fields = Object.entries(row).map(([column, value]) => [
    column.replace(/_(.)/g, (_, letter: string) => letter.toUpperCase()),
    value,
  ])
  return Object.fromEntries(fields) as Task
}

/** Locks the organization of the project, as everything does that then locks more than one of its tasks. */
export async function lockOrganizationOf(sql: Sql, projectId: string): Promise<LockedOrganization> {
  const project = await sql.project.findUnique({ where: { id: projectId }, select: { organizationId: true } })
  if (!project) throw notFound('project')
  return lockOrganization(sql, project.organizationId)
}

/** Locks one task together with its organization, as every move does that may take or free a slot. */
export async function lockTask(
  sql: Sql,
  taskId: string,
): Promise<{ organization: LockedOrganization; task: Task; now: Date }> {
  const known = await sql.task.findUnique({ where: { id: taskId }, select: { organizationId: true } })
  if (!known) throw notFound('task')
  const organization = await lockOrganization(sql, known.organizationId)
  const { tasks, now } = await lockTasks(sql, [taskId])
  const task = tasks[0]
  if (!task) throw notFound('task')
  return { organization, task, now }
}
