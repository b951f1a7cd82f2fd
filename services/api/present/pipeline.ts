import type { Pipeline, Task } from '../../../shared/contract/task.ts'
import { type PipelineViewOptions, renderPipeline } from '../../../shared/domain/pipeline-view.ts'
import { isSettled } from '../../../shared/domain/task-state.ts'
import type { Database, Pipeline as PipelineRow } from '../../../shared/runtime/db.ts'
import { presentTasks } from './task.ts'

/** Pipelines with their tasks, in the order given. */
export async function presentPipelines(db: Database, rows: readonly PipelineRow[]): Promise<Pipeline[]> {
  const taskRows = await db.prisma.task.findMany({
    where: { pipelineId: { in: rows.map(row => row.id) } },
    orderBy: { id: 'asc' },
  })
  const tasks = Map.groupBy(await presentTasks(db, taskRows), task => task.pipelineId)
  return rows.map(row => {
    const own = tasks.get(row.id) ?? []
    return { id: row.id, taskId: row.taskId, state: row.state as Pipeline['state'], tasks: own, view: viewOf(own) }
  })
}

/** The text view of a pipeline's tasks. */
export function viewOf(tasks: readonly Task[], options?: PipelineViewOptions): string {
  const keys = new Map(tasks.map(task => [task.id, task.key]))
  return renderPipeline(
    tasks.map(({ key, state, dependsOn, activeMs }) => ({
      name: key,
      state,
      dependsOn: dependsOn.flatMap(id => keys.get(id) ?? []),
      seconds: isSettled(state) ? Math.floor(activeMs / 1000) : null,
    })),
    options,
  )
}
