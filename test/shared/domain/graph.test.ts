import fc from 'fast-check'
import { expect, test } from 'vitest'
import {
  dependentsOf,
  depth,
  findCycle,
  type Graph,
  layers,
  longestChain,
  topologicalOrder,
  transitiveDependents,
  transitivePrerequisites,
  unknownDependencies,
} from '../../../shared/domain/graph.ts'
import { anyDag, anyGraph, closure } from './arbitraries.ts'

const diamond: Graph<string> = new Map([
  ['deploy', ['api', 'page']],
  ['page', ['schema']],
  ['api', ['schema']],
  ['schema', []],
])

test('a diamond is ordered with its prerequisites first and ties as given', () => {
  expect(topologicalOrder(diamond)).toEqual(['schema', 'page', 'api', 'deploy'])
  expect(layers(diamond)).toEqual([['schema'], ['page', 'api'], ['deploy']])
  expect(depth(diamond)).toBe(3)
  expect(longestChain(diamond)).toEqual(['schema', 'api', 'deploy'])
})

test('independent tasks stay in the order in which they were given', () => {
  expect(topologicalOrder(new Map([3, 1, 2].map(key => [key, []])))).toEqual([3, 1, 2])
})

test('everything behind a failed task is found, its siblings are not', () => {
  expect(transitiveDependents(diamond, 'page')).toEqual(['deploy'])
  expect(transitiveDependents(diamond, 'schema')).toEqual(['deploy', 'page', 'api'])
  expect(transitivePrerequisites(diamond, 'api')).toEqual(['schema'])
})

test('two tasks that wait for each other are a cycle, told as a path', () => {
  const graph = new Map([
    ['free', []],
    ['a', ['free', 'b']],
    ['b', ['a']],
  ])
  expect(findCycle(graph)).toEqual(['a', 'b', 'a'])
  expect(() => topologicalOrder(graph)).toThrow('a → b → a')
})

test('a task that depends on itself is a cycle of one', () => {
  expect(findCycle(new Map([['a', ['a']]]))).toEqual(['a', 'a'])
})

test('a prerequisite that nobody knows is told with the task that names it', () => {
  const graph = new Map([
    ['a', ['x']],
    ['b', ['a', 'y']],
  ])
  expect(unknownDependencies(graph)).toEqual([
    { key: 'a', dependency: 'x' },
    { key: 'b', dependency: 'y' },
  ])
  expect(topologicalOrder(graph)).toEqual(['a', 'b'])
})

test('an empty graph has depth 0 and no order', () => {
  expect([depth(new Map()), topologicalOrder(new Map()), longestChain(new Map()), findCycle(new Map())]).toEqual([
    0,
    [],
    [],
    null,
  ])
})

test('a chain of 20,000 tasks does not overflow the stack', () => {
  const length = 20_000
  const chain = new Map(Array.from({ length }, (_, key) => [key, key === 0 ? [] : [key - 1]]))
  expect(findCycle(chain)).toBeNull()
  expect(depth(chain)).toBe(length)
  expect(transitiveDependents(chain, 0)).toHaveLength(length - 1)
  const ring = new Map(chain).set(0, [length - 1])
  expect(findCycle(ring)).toHaveLength(length + 1)
})

test('a cycle is found exactly where some task reaches itself, and what is told is one', () => {
  fc.assert(
    fc.property(anyGraph(8), graph => {
      const cyclic = [...closure(graph)].some(([key, reach]) => reach.has(key))
      const cycle = findCycle(graph)
      expect(cycle !== null).toBe(cyclic)
      if (!cycle) return
      expect(cycle[0]).toBe(cycle.at(-1))
      expect(new Set(cycle).size).toBe(cycle.length - 1)
      for (const [index, key] of cycle.slice(0, -1).entries()) expect(graph.get(key)).toContain(cycle[index + 1])
    }),
    { numRuns: 500 },
  )
})

test('of all orders that obey the edges, the one nearest to the given order is taken', () => {
  fc.assert(
    fc.property(anyDag(12), graph => {
      const left = new Map(graph)
      const expected: number[] = []
      while (left.size > 0) {
        const [key] = [...left].find(([, prerequisites]) => prerequisites.every(one => !left.has(one)))!
        left.delete(key)
        expected.push(key)
      }
      expect(topologicalOrder(graph)).toEqual(expected)
    }),
    { numRuns: 500 },
  )
})

test('layers hold each task once, behind all of its prerequisites and right behind one', () => {
  fc.assert(
    fc.property(anyDag(12), graph => {
      const level = new Map(layers(graph).flatMap((layer, index) => layer.map(key => [key, index] as const)))
      expect(level.size).toBe(graph.size)
      for (const [key, prerequisites] of graph) {
        const highest = Math.max(-1, ...prerequisites.map(one => level.get(one)!))
        expect(level.get(key)).toBe(highest + 1)
      }
    }),
  )
})

test('the longest chain follows the edges and is as long as the graph is deep', () => {
  fc.assert(
    fc.property(anyDag(12), graph => {
      const chain = longestChain(graph)
      expect(chain).toHaveLength(depth(graph))
      for (const [index, key] of chain.slice(1).entries()) expect(graph.get(key)).toContain(chain[index])
    }),
  )
})

test('what depends on a task is what reaches it, in any graph, with cycles too', () => {
  fc.assert(
    fc.property(anyGraph(8), graph => {
      const reach = closure(graph)
      for (const key of graph.keys()) {
        const others = [...graph.keys()].filter(one => one !== key)
        expect(transitiveDependents(graph, key)).toEqual(others.filter(one => reach.get(one)!.has(key)))
        expect(transitivePrerequisites(graph, key)).toEqual(others.filter(one => reach.get(key)!.has(one)))
      }
    }),
    { numRuns: 300 },
  )
})

test('dependents are the edges turned round, a doubled edge once', () => {
  fc.assert(
    fc.property(anyGraph(8), graph => {
      const dependents = dependentsOf(graph)
      for (const [key, list] of dependents) {
        expect(list).toEqual([...graph.keys()].filter(one => graph.get(one)!.includes(key)))
      }
    }),
  )
})
