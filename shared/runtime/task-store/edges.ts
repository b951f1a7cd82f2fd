import { findCycle } from '../../domain/graph.ts'
import type { Sql } from '../db.ts'
import { Refused } from '../refused.ts'

/** Who waits for whom in a project, as it would be with other prerequisites for some. */
export async function graphWith(
  sql: Sql,
  projectId: string,
  changed: ReadonlyMap<string, readonly string[]>,
): Promise<Map<string, readonly string[]>> {
  const edges = await sql.edge.findMany({ where: { task: { projectId } }, orderBy: { position: 'asc' } })
  const graph = new Map<string, readonly string[]>()
  for (const { taskId, prerequisiteId } of edges) {
    graph.set(taskId, [...(graph.get(taskId) ?? []), prerequisiteId])
    if (!graph.has(prerequisiteId)) graph.set(prerequisiteId, [])
  }
  for (const ids of changed.values()) for (const id of ids) if (!graph.has(id)) graph.set(id, [])
  for (const [id, ids] of changed) graph.set(id, ids)
  return graph
}

/** Refuses a graph with a circle, which is told by what `names` knows of its tasks, else by their titles. */
export async function refuseCycle(
  sql: Sql,
  graph: ReadonlyMap<string, readonly string[]>,
  names: ReadonlyMap<string, string> = new Map(),
): Promise<void> {
  const cycle = findCycle(graph)
  if (!cycle) return
  const rows = await sql.task.findMany({ where: { id: { in: cycle } }, select: { id: true, title: true } })
  const titles = new Map(rows.map(({ id, title }) => [id, title]))
  throw cycleRefused(cycle.map(id => names.get(id) ?? titles.get(id) ?? id))
}

export const cycleRefused = (path: readonly string[]): Refused =>
  new Refused('cycle', `Tasks cannot wait for each other in a circle: ${path.join(' → ')}.`)

/** Gives a task other prerequisites. */
export async function setEdges(sql: Sql, taskId: string, prerequisiteIds: readonly string[]): Promise<void> {
  await sql.edge.deleteMany({ where: { taskId } })
  await sql.edge.createMany({
    data: prerequisiteIds.map((prerequisiteId, position) => ({ taskId, prerequisiteId, position })),
  })
}
