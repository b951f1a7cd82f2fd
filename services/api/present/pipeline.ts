import type { Pipeline, Task } from '../../../shared/contract/task.ts'
import { graphOf } from '../../../shared/domain/graph.ts'
import { layout } from '../../../shared/domain/pipeline-layout.ts'
import { type PipelineViewOptions, renderPipeline } from '../../../shared/domain/pipeline-view.ts'
import { isSettled } from '../../../shared/domain/task-state.ts'
import type { Database, Pipeline as PipelineRow } from '../../../shared/runtime/db.ts'
import { presentTasks } from './task.ts'
import { usageOfPipelines } from './usage.ts'

type Drawing = Pick<Pipeline, 'layers' | 'nodes' | 'edges'>

const UNUSED = { inputTokens: 0, outputTokens: 0, costUsd: 0 }

/** Pipelines with their tasks, in the order given. */
export async function presentPipelines(db: Database, rows: readonly PipelineRow[]): Promise<Pipeline[]> {
  const ids = rows.map(row => row.id)
  const [taskRows, parents, usage] = await Promise.all([
    db.prisma.task.findMany({ where: { pipelineId: { in: ids } }, orderBy: { id: 'asc' } }),
    db.prisma.task.findMany({
      where: { id: { in: rows.map(row => row.taskId) } },
      select: { id: true, kind: true, threadId: true },
    }),
    usageOfPipelines(db, ids),
  ])
  const tasks = Map.groupBy(await presentTasks(db, taskRows), task => task.pipelineId)
  const callers = new Map(parents.map(parent => [parent.id, parent]))
  return rows.flatMap(row => {
    const caller = callers.get(row.taskId)
    if (!caller) return []
    const own = tasks.get(row.id) ?? []
    return [
      {
        id: row.id,
        taskId: caller.kind === 'turn' ? null : caller.id,
        threadId: caller.threadId,
        // Only the call of a single sub-agent may have one task.
        kind: own.length === 1 ? ('task' as const) : ('parallel' as const),
        state: row.state as Pipeline['state'],
        tasks: own,
        view: viewOf(own),
        ...drawingOf(own),
        usage: usage.get(row.id) ?? UNUSED,
        createdAt: row.createdAt.toISOString(),
        finishedAt: row.finishedAt?.toISOString() ?? null,
      },
    ]
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

/** The tasks as a drawing: where each stands, and the lines between them. */
function drawingOf(tasks: readonly Task[]): Drawing {
  const byId = new Map(tasks.map(task => [task.id, task]))
  const places = layout(
    graphOf(
      tasks,
      task => task.id,
      task => task.dependsOn,
    ),
  )
  const layers: string[][] = []
  for (const { key, layer } of places) {
    layers[layer] ??= []
    layers[layer].push(key)
  }
  return {
    layers,
    nodes: places.map(({ key: taskId, ...place }) => {
      const { key: name, state } = byId.get(taskId)!
      return { taskId, name, state, ...place }
    }),
    edges: tasks.flatMap(({ id: to, dependsOn }) =>
      dependsOn.filter(from => byId.has(from)).map(from => ({ from, to })),
    ),
  }
}
