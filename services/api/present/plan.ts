import type { PlanVersion } from '../../../shared/contract/task.ts'
import type { Database } from '../../../shared/runtime/db.ts'

interface PlanRow {
  version: number
  title: string
  description: string
  plan: string
  doneWhen: string
  dependsOn: string[]
  replacedBy: 'user' | 'agent' | null
  replacedAt: Date | null
}

/** The plans that a task has had, oldest first, its present one last. One statement, so that all are of one moment. */
export async function presentPlans({ prisma }: Database, taskId: string): Promise<PlanVersion[]> {
  const rows = await prisma.$queryRaw<PlanRow[]>`
    SELECT version, title, description, plan, done_when AS "doneWhen", depends_on AS "dependsOn",
      replaced_by AS "replacedBy", replaced_at AS "replacedAt"
    FROM plan_versions WHERE task_id = ${taskId}::uuid
    UNION ALL
    SELECT plan_version, title, description, plan, done_when,
      (SELECT coalesce(jsonb_agg(prerequisite_id ORDER BY position), '[]') FROM edges WHERE task_id = tasks.id), NULL, NULL
    FROM tasks WHERE id = ${taskId}::uuid
    ORDER BY version`
  return rows.map(({ replacedBy, replacedAt, ...plan }) => ({
    ...plan,
    current: replacedAt === null,
    ...(replacedBy && { replacedBy }),
    ...(replacedAt && { replacedAt: replacedAt.toISOString() }),
  }))
}
