import type { Pipeline, Task } from '../../../../shared/contract/task.ts'
import { topologicalOrder } from '../../../../shared/domain/graph.ts'
import { boardGraph } from '../task/task-graph.ts'

/** A task of a pipeline at its place in the picture: column and row, both from 0. */
export interface Place {
  task: Task
  layer: number
  row: number
}

export interface PipelineLayout {
  layers: number
  /** Rows of the highest column. */
  rows: number
  /** In topological order. */
  places: Place[]
  edges: { from: Place; to: Place }[]
}

/**
 * Places a pipeline's tasks in columns: each stands one to the right of the last of its prerequisites, and in its column by where those
 * stand, so that few edges cross.
 */
export function layoutOf(tasks: Pipeline['tasks']): PipelineLayout {
  const places = new Map<string, Place>()
  const layers: Place[][] = []
  const byId = new Map(tasks.map(task => [task.id, task]))
  for (const id of topologicalOrder(boardGraph(tasks))) {
    const task = byId.get(id)!
    const before = task.dependsOn.flatMap(one => places.get(one) ?? [])
    const layer = before.reduce((most, place) => Math.max(most, place.layer + 1), 0)
    layers[layer] ??= []
    const column = layers[layer]
    const place = { task, layer, row: column.length }
    column.push(place)
    places.set(id, place)
  }
  for (const column of layers.slice(1)) {
    const middle = new Map(column.map(place => [place, mean(rowsBefore(place, places)) ?? place.row]))
    for (const [row, place] of column.toSorted((one, other) => middle.get(one)! - middle.get(other)!).entries()) {
      place.row = row
    }
  }
  const all = [...places.values()]
  return {
    layers: layers.length,
    rows: Math.max(0, ...layers.map(column => column.length)),
    places: all,
    edges: all.flatMap(to => to.task.dependsOn.flatMap(id => (places.has(id) ? [{ from: places.get(id)!, to }] : []))),
  }
}

const rowsBefore = ({ task }: Place, places: ReadonlyMap<string, Place>): number[] =>
  task.dependsOn.flatMap(id => places.get(id)?.row ?? [])

const mean = (values: number[]): number | null =>
  values.length === 0 ? null : values.reduce((sum, value) => sum + value, 0) / values.length
