import { v7 as uuid } from 'uuid'
import type { Task } from '../../../prisma/generated/client.ts'
import type { Sql } from '../db.ts'
import type { ModelCallRecord } from './types.ts'

/** Notes what a reply took, with the task it was for; what was reserved for it is free again. The task must be locked. */
export async function recordCall(sql: Sql, task: Task, call: ModelCallRecord): Promise<void> {
  const { purpose, model, costUsd, usage } = call
  const { inputTokens, outputTokens, cachedInputTokens = 0 } = usage
  const { id: taskId, projectId, pipelineId } = task
  const tokens = { inputTokens, outputTokens, cachedInputTokens }
  await sql.modelCall.create({
    data: { id: uuid(), projectId, taskId, pipelineId, model, purpose, costUsd, ...tokens },
  })
  await sql.task.update({
    where: { id: taskId },
    data: {
      inputTokens: { increment: inputTokens },
      outputTokens: { increment: outputTokens },
      costUsd: { increment: costUsd },
      reservedUsd: 0,
    },
  })
}
