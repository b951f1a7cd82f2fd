import type { Task } from '../../../shared/contract/task.ts'
import type { Database, Task as TaskRow } from '../../../shared/runtime/db.ts'

export type Usage = Task['usage']

/** What a task's own replies took. */
export const usageOf = ({ inputTokens, outputTokens, costUsd }: UsageRow): Usage => ({
  inputTokens: Number(inputTokens),
  outputTokens: Number(outputTokens),
  costUsd: Number(costUsd),
})

type UsageRow = Pick<TaskRow, 'inputTokens' | 'outputTokens'> & { costUsd: unknown }

/** Both together, to the millionth of a dollar. */
export function sumUsage(one: Usage, other: Usage | undefined): Usage {
  if (!other) return one
  return {
    inputTokens: one.inputTokens + other.inputTokens,
    outputTokens: one.outputTokens + other.outputTokens,
    costUsd: Math.round((one.costUsd + other.costUsd) * 1e6) / 1e6,
  }
}

/** What the sub-agents of tasks used, by the task that started them. */
export async function usageOfSubAgents({ prisma }: Database, rows: readonly TaskRow[]): Promise<Map<string, Usage>> {
  const parents = rows.filter(row => row.parentTaskId === null).map(row => row.id)
  if (parents.length === 0) return new Map()
  const sums = await prisma.$queryRaw<(UsageRow & { id: string })[]>`
    SELECT parent_task_id AS id, sum(input_tokens)::bigint AS "inputTokens", sum(output_tokens)::bigint AS "outputTokens",
      sum(cost_usd)::float8 AS "costUsd"
    FROM tasks WHERE parent_task_id = ANY(${parents}::uuid[]) GROUP BY parent_task_id`
  return new Map(sums.map(row => [row.id, usageOf(row)]))
}

/** What the sub-agents of pipelines used, by pipeline; those that used nothing are left out. */
export async function usageOfPipelines({ prisma }: Database, ids: readonly string[]): Promise<Map<string, Usage>> {
  if (ids.length === 0) return new Map()
  const sums = await prisma.$queryRaw<(UsageRow & { id: string })[]>`
    SELECT pipeline_id AS id, sum(input_tokens)::bigint AS "inputTokens", sum(output_tokens)::bigint AS "outputTokens",
      sum(cost_usd)::float8 AS "costUsd"
    FROM tasks WHERE pipeline_id = ANY(${ids}::uuid[]) GROUP BY pipeline_id`
  return new Map(sums.map(row => [row.id, usageOf(row)]))
}
