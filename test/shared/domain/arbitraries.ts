import fc from 'fast-check'
import type { Graph } from '../../../shared/domain/graph.ts'

/** Any directed graph over up to `max` nodes 0, 1, …, cycles, self-edges and doubled edges included. */
export function anyGraph(max: number): fc.Arbitrary<Graph<number>> {
  return fc
    .integer({ min: 0, max })
    .chain(size =>
      fc.tuple(
        ...Array.from({ length: size }, () =>
          fc.array(fc.integer({ min: 0, max: Math.max(0, size - 1) }), { maxLength: 3 }),
        ),
      ),
    )
    .map(edges => new Map(edges.map((prerequisites, key) => [key, prerequisites])))
}

/** A graph without cycles over up to `max` nodes, given in a random order. */
export function anyDag(max: number, min = 0): fc.Arbitrary<Graph<number>> {
  return fc
    .integer({ min, max })
    .chain(size =>
      fc.tuple(
        fc.tuple(...Array.from({ length: size }, (_, key) => fc.subarray(Array.from({ length: key }, (_, i) => i)))),
        fc.shuffledSubarray(
          Array.from({ length: size }, (_, i) => i),
          { minLength: size, maxLength: size },
        ),
      ),
    )
    .map(([edges, order]) => new Map(order.map(key => [key, edges[key]!])))
}

/** Which nodes each node depends on, directly or not, found the slow way. */
export function closure(graph: Graph<number>): Map<number, Set<number>> {
  const reach = new Map([...graph].map(([key, prerequisites]) => [key, new Set(prerequisites)]))
  for (const middle of graph.keys()) {
    for (const from of reach.values()) {
      if (from.has(middle)) for (const to of reach.get(middle)!) from.add(to)
    }
  }
  return reach
}
