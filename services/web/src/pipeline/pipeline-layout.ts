import type { Task } from '../../../../shared/contract/task.ts'
import { layout } from '../../../../shared/domain/pipeline-layout.ts'
import { boardGraph } from '../task/task-graph.ts'

/** A task of a pipeline at its place in the picture: column and row, from 0; halves of rows occur. */
export interface Place {
  task: Task
  x: number
  y: number
}

export interface PipelineLayout {
  columns: number
  rows: number
  /** Column by column, which is a topological order. */
  places: Place[]
  edges: { from: Place; to: Place }[]
}

/** Places a pipeline's tasks from left to right, each behind the last of its prerequisites. */
export function layoutOf(tasks: readonly Task[]): PipelineLayout {
  const byId = new Map(tasks.map(task => [task.id, task]))
  const places = layout(boardGraph(tasks)).map(({ key, x, y }) => ({ task: byId.get(key)!, x, y }))
  const placed = new Map(places.map(place => [place.task.id, place]))
  return {
    columns: Math.max(0, ...places.map(({ x }) => x + 1)),
    rows: Math.max(0, ...places.map(({ y }) => y + 1)),
    places,
    edges: places.flatMap(to =>
      to.task.dependsOn.flatMap(id => {
        const from = placed.get(id)
        return from ? [{ from, to }] : []
      }),
    ),
  }
}
