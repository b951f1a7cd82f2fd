import type { Task } from '../../../../shared/contract/task.ts'
import {
  findCycle,
  type Graph,
  graphOf,
  topologicalOrder,
  transitiveDependents,
  transitivePrerequisites,
} from '../../../../shared/domain/graph.ts'

/** The edges of a board. */
export const boardGraph = (tasks: readonly Task[]): Graph<string> =>
  graphOf(
    tasks,
    task => task.id,
    task => task.dependsOn,
  )

/** What is applied before the task when it is applied: its prerequisites that are not part of main yet, first ones first. */
export function appliedBefore(task: Pick<Task, 'id'>, tasks: readonly Task[]): Task[] {
  const graph = boardGraph(tasks)
  const open = new Set<string>()
  // A prerequisite that is in main brings its own with it.
  const look = (id: string) => {
    for (const before of graph.get(id) ?? []) {
      const found = tasks.find(other => other.id === before)
      if (!found || found.state === 'done' || open.has(before)) continue
      open.add(before)
      look(before)
    }
  }
  look(task.id)
  const byId = new Map(tasks.map(one => [one.id, one]))
  return topologicalOrder(graph)
    .filter(id => open.has(id))
    .map(id => byId.get(id)!)
}

/** The tasks that build on a task, directly or not, and are not given up. */
export function buildsOn(task: Pick<Task, 'id'>, tasks: readonly Task[]): Task[] {
  const ids = new Set(transitiveDependents(boardGraph(tasks), task.id))
  return tasks.filter(one => ids.has(one.id) && !['done', 'dismissed', 'skipped'].includes(one.state))
}

/** The tasks that may become prerequisites of a task (null: of a new one): all but itself, those that build on it, and those given up. */
export function possiblePrerequisites(taskId: string | null, tasks: readonly Task[]): Task[] {
  const graph = boardGraph(tasks)
  return tasks.filter(
    one =>
      !['dismissed', 'cancelled', 'skipped'].includes(one.state) &&
      one.id !== taskId &&
      !(taskId && transitivePrerequisites(graph, one.id).includes(taskId)),
  )
}

/** Whether drafts under way depend on each other in a circle; gives its keys. */
export const draftCycle = (drafts: readonly { key: string; dependsOn: readonly string[] }[]): string[] | null =>
  findCycle(
    graphOf(
      drafts,
      draft => draft.key,
      draft => draft.dependsOn,
    ),
  )
