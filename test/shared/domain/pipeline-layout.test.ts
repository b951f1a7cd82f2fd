import fc from 'fast-check'
import { expect, test } from 'vitest'
import { layers } from '../../../shared/domain/graph.ts'
import { layout } from '../../../shared/domain/pipeline-layout.ts'
import { anyDag } from './arbitraries.ts'

const places = (edges: Record<string, string[]>) =>
  layout(new Map(Object.entries(edges))).map(({ key, x, y }) => [key, x, y])

test('a diamond stands in three columns, its ends in the middle', () => {
  expect(places({ a: [], b: ['a'], c: ['a'], d: ['b', 'c'] })).toEqual([
    ['a', 0, 0.5],
    ['b', 1, 0],
    ['c', 1, 1],
    ['d', 2, 0.5],
  ])
})

test('tasks stand beside those that they depend on, so that edges do not cross', () => {
  expect(places({ a: [], b: [], 'after b': ['b'], 'after a': ['a'] })).toEqual([
    ['a', 0, 0],
    ['b', 0, 1],
    ['after a', 1, 0],
    ['after b', 1, 1],
  ])
})

test('nothing stands nowhere', () => {
  expect(layout(new Map())).toEqual([])
})

test('whatever the graph, each node has a place of its own, right of all that it depends on', () => {
  fc.assert(
    fc.property(anyDag(8, 1), graph => {
      const placed = layout(graph)
      const byKey = new Map(placed.map(place => [place.key, place]))
      expect([...byKey.keys()].sort()).toEqual([...graph.keys()].sort())
      expect(new Set(placed.map(({ x, y }) => `${x} ${y}`)).size).toBe(graph.size)
      for (const [key, prerequisites] of graph) {
        for (const one of prerequisites) expect(byKey.get(one)!.x).toBeLessThan(byKey.get(key)!.x)
      }
      const rows = Math.max(...layers(graph).map(layer => layer.length))
      for (const { y } of placed) expect(y >= 0 && y <= rows - 1).toBe(true)
    }),
    { numRuns: 300 },
  )
})
