import type { Task } from '../../../prisma/generated/client.ts'
import type { Sql } from '../db.ts'

const TEXTS = ['title', 'description', 'plan', 'doneWhen'] as const

/** A draft's text and prerequisites, as far as they are to change. */
export type PlanChange = Partial<Record<(typeof TEXTS)[number], string> & { dependsOn: readonly string[] }>

/**
 * Keeps a locked draft's plan as it is, where the change is one; gives the number of the plan that takes its place. Null: nothing
 * changes.
 */
export async function keepPlan(
  sql: Sql,
  task: Task,
  change: PlanChange,
  replacedBy: 'user' | 'agent',
): Promise<number | null> {
  const edges = await sql.edge.findMany({ where: { taskId: task.id }, orderBy: { position: 'asc' } })
  const dependsOn = edges.map(({ prerequisiteId }) => prerequisiteId)
  const same =
    TEXTS.every(field => change[field] === undefined || change[field] === task[field]) &&
    (change.dependsOn === undefined || change.dependsOn.join() === dependsOn.join())
  if (same) return null
  const { id: taskId, planVersion: version, title, description, plan, doneWhen } = task
  await sql.planVersion.create({
    data: { taskId, version, title, description, plan, doneWhen, dependsOn, replacedBy },
  })
  return version + 1
}
