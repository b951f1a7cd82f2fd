import { type Graph, layers } from './graph.ts'

/** Where a node stands when a graph is drawn from left to right. */
export interface NodePlace<K> {
  key: K
  /** Nodes before it on its longest chain. */
  layer: number
  /** Place within its layer, from 0, top down. */
  index: number
  /** Left to right, in columns: the layer. */
  x: number
  /** Top down, in rows: each layer is centred on the fullest one, so halves occur. */
  y: number
}

/**
 * The nodes of a graph, layer by layer. Within a layer they stand in the order of the middles of their prerequisites, which keeps edges from
 * crossing; those that are level, in the order as given.
 * @throws Error where there is a cycle
 */
export function layout<K>(graph: Graph<K>): NodePlace<K>[] {
  const columns = layers(graph)
  const most = Math.max(0, ...columns.map(column => column.length))
  const rows = new Map<K, number>()
  return columns.flatMap((column, layer) => {
    const middle = (key: K) => {
      const before = (graph.get(key) ?? []).flatMap(one => rows.get(one) ?? [])
      return before.length === 0 ? 0 : before.reduce((sum, row) => sum + row, 0) / before.length
    }
    const middles = new Map(column.map(key => [key, middle(key)]))
    const places = column
      .toSorted((a, b) => middles.get(a)! - middles.get(b)!)
      .map((key, index) => ({ key, layer, index, x: layer, y: (most - column.length) / 2 + index }))
    for (const { key, y } of places) rows.set(key, y)
    return places
  })
}
