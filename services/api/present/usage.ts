import type { Task } from '../../../shared/contract/task.ts'
import type { Database, Task as TaskRow } from '../../../shared/runtime/db.ts'

export type Usage = Task['usage']

const USED = { inputTokens: true, outputTokens: true, costUsd: true } as const

/** What a task's own replies took, or the sums of many tasks. */
export const usageOf = ({ inputTokens, outputTokens, costUsd }: Record<keyof typeof USED, unknown>): Usage => ({
  inputTokens: Number(inputTokens),
  outputTokens: Number(outputTokens),
  costUsd: Number(costUsd),
})

/** Both together, to the millionth of a dollar. */
export function sumUsage(one: Usage, other: Usage | undefined): Usage {
  if (!other) return one
  return {
    inputTokens: one.inputTokens + other.inputTokens,
    outputTokens: one.outputTokens + other.outputTokens,
    costUsd: Math.round((one.costUsd + other.costUsd) * 1e6) / 1e6,
  }
}

/** What the sub-agents of tasks used, by the task that started them; those that used nothing are left out. */
export async function usageOfSubAgents({ prisma }: Database, rows: readonly TaskRow[]): Promise<Map<string, Usage>> {
  const parents = rows.filter(row => row.parentTaskId === null).map(row => row.id)
  if (parents.length === 0) return new Map()
  const where = { parentTaskId: { in: parents } }
  const sums = await prisma.task.groupBy({ by: ['parentTaskId'], where, _sum: USED })
  return new Map(sums.map(({ parentTaskId, _sum }) => [parentTaskId!, usageOf(_sum)]))
}

/** What the sub-agents of pipelines used, by pipeline; those that used nothing are left out. */
export async function usageOfPipelines({ prisma }: Database, ids: readonly string[]): Promise<Map<string, Usage>> {
  if (ids.length === 0) return new Map()
  const where = { pipelineId: { in: [...ids] } }
  const sums = await prisma.task.groupBy({ by: ['pipelineId'], where, _sum: USED })
  return new Map(sums.map(({ pipelineId, _sum }) => [pipelineId!, usageOf(_sum)]))
}
