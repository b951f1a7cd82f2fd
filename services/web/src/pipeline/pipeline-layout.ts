import type { Pipeline, Task } from '../../../../shared/contract/task.ts'

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

/** The drawing that the API gives, with each task as it is known here: it moves before the pipeline is read again. */
export function layoutOf({ tasks, nodes, edges }: Pick<Pipeline, 'tasks' | 'nodes' | 'edges'>): PipelineLayout {
  const byId = new Map(tasks.map(task => [task.id, task]))
  const places = nodes.flatMap(({ taskId, x, y }) => {
    const task = byId.get(taskId)
    return task ? [{ task, x, y }] : []
  })
  const placed = new Map(places.map(place => [place.task.id, place]))
  return {
    columns: Math.max(0, ...places.map(({ x }) => x + 1)),
    rows: Math.max(0, ...places.map(({ y }) => y + 1)),
    places,
    edges: edges.flatMap(({ from, to }) => {
      const [before, after] = [placed.get(from), placed.get(to)]
      return before && after ? [{ from: before, to: after }] : []
    }),
  }
}
