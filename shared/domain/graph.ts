/**
 * Dependency graphs over any kind of key. Everything here is iterative, so a chain of thousands is no danger to the
 * stack, and keeps the order as given wherever the edges leave a choice.
 */

/** Each node with its prerequisites, in the order in which the nodes were given. A prerequisite that is no node is ignored. */
export type Graph<K> = ReadonlyMap<K, readonly K[]>

/** A graph from items that know their key and their prerequisites. Of two items with one key the later one counts. */
export function graphOf<T, K>(
  items: readonly T[],
  key: (item: T) => K,
  dependsOn: (item: T) => readonly K[],
): Graph<K> {
  return new Map(items.map(item => [key(item), dependsOn(item)]))
}

/** Prerequisites that are not in the graph, each with the node that names it, in the order as given. */
export function unknownDependencies<K>(graph: Graph<K>): { key: K; dependency: K }[] {
  return [...graph].flatMap(([key, prerequisites]) =>
    prerequisites.filter(dependency => !graph.has(dependency)).map(dependency => ({ key, dependency })),
  )
}

/**
 * A cycle, or null where there is none. As a path along "depends on", first node repeated at the end:
 * `['a', 'b', 'a']` when a depends on b and b on a, `['a', 'a']` for an edge to itself.
 */
export function findCycle<K>(graph: Graph<K>): K[] | null {
  const finished = new Set<K>()
  for (const start of graph.keys()) {
    if (finished.has(start)) continue
    const path: K[] = [start]
    const onPath = new Set(path)
    const open = [knownPrerequisites(graph, start)[Symbol.iterator]()]
    while (path.length > 0) {
      const step = open[open.length - 1]!.next()
      if (step.done) {
        open.pop()
        const left = path.pop()!
        onPath.delete(left)
        finished.add(left)
      } else if (onPath.has(step.value)) {
        return [...path.slice(path.indexOf(step.value)), step.value]
      } else if (!finished.has(step.value)) {
        path.push(step.value)
        onPath.add(step.value)
        open.push(knownPrerequisites(graph, step.value)[Symbol.iterator]())
      }
    }
  }
  return null
}

/**
 * Every node after its prerequisites; of those that could come next, the one given first.
 * @throws Error that shows the cycle where there is one: check with `findCycle` before
 */
export function topologicalOrder<K>(graph: Graph<K>): K[] {
  const keys = [...graph.keys()]
  const place = new Map(keys.map((key, index) => [key, index]))
  const dependents = dependentsOf(graph)
  const missing = new Map(keys.map(key => [key, knownPrerequisites(graph, key).size]))
  const free = keys.filter(key => missing.get(key) === 0)
  const order: K[] = []
  for (let key = free.shift(); key !== undefined; key = free.shift()) {
    order.push(key)
    for (const dependent of dependents.get(key) ?? []) {
      const left = missing.get(dependent)! - 1
      missing.set(dependent, left)
      if (left === 0) insertByPlace(free, dependent, place)
    }
  }
  if (order.length < keys.length) throw new Error(`The graph has a cycle: ${findCycle(graph)?.join(' → ')}`)
  return order
}

/**
 * The nodes by how many nodes stand before them on their longest chain: layer 0 has no prerequisites.
 * Order within a layer as given.
 * @throws Error where there is a cycle
 */
export function layers<K>(graph: Graph<K>): K[][] {
  const level = new Map<K, number>()
  for (const key of topologicalOrder(graph)) {
    const below = [...knownPrerequisites(graph, key)].map(prerequisite => level.get(prerequisite)!)
    level.set(
      key,
      below.reduce((highest, one) => Math.max(highest, one + 1), 0),
    )
  }
  const result: K[][] = []
  for (const key of graph.keys()) {
    const at = level.get(key)!
    while (result.length <= at) result.push([])
    result[at]!.push(key)
  }
  return result
}

/**
 * Nodes on the longest chain; 0 for an empty graph.
 * @throws Error where there is a cycle
 */
export function depth<K>(graph: Graph<K>): number {
  return layers(graph).length
}

/**
 * The nodes of a longest chain, prerequisites first; of several the one whose last node was given first.
 * @throws Error where there is a cycle
 */
export function longestChain<K>(graph: Graph<K>): K[] {
  const best = new Map<K, { length: number; before: K | undefined }>()
  for (const key of topologicalOrder(graph)) {
    const own: { length: number; before: K | undefined } = { length: 1, before: undefined }
    for (const before of knownPrerequisites(graph, key)) {
      const length = best.get(before)!.length + 1
      if (length > own.length) Object.assign(own, { length, before })
    }
    best.set(key, own)
  }
  let last: K | undefined
  for (const key of graph.keys()) {
    if (last === undefined || best.get(key)!.length > best.get(last)!.length) last = key
  }
  const chain: K[] = []
  for (let key = last; key !== undefined; key = best.get(key)!.before) chain.unshift(key)
  return chain
}

/** All nodes that depend on `key`, directly or not, without `key` itself, in the order as given. */
export function transitiveDependents<K>(graph: Graph<K>, key: K): K[] {
  const dependents = dependentsOf(graph)
  const found = reach(key, one => dependents.get(one) ?? [])
  return [...graph.keys()].filter(one => found.has(one))
}

/** All nodes that `key` depends on, directly or not, without `key` itself, in the order as given. */
export function transitivePrerequisites<K>(graph: Graph<K>, key: K): K[] {
  const found = reach(key, one => knownPrerequisites(graph, one))
  return [...graph.keys()].filter(one => found.has(one))
}

/** Each node with those that directly depend on it, in the order as given. */
export function dependentsOf<K>(graph: Graph<K>): Map<K, K[]> {
  const result = new Map<K, K[]>([...graph.keys()].map(key => [key, []]))
  for (const key of graph.keys()) {
    for (const prerequisite of knownPrerequisites(graph, key)) result.get(prerequisite)!.push(key)
  }
  return result
}

function knownPrerequisites<K>(graph: Graph<K>, key: K): Set<K> {
  return new Set((graph.get(key) ?? []).filter(prerequisite => graph.has(prerequisite)))
}

function reach<K>(start: K, neighbours: (key: K) => Iterable<K>): Set<K> {
  const found = new Set<K>()
  const open = [start]
  for (let key = open.pop(); key !== undefined; key = open.pop()) {
    for (const neighbour of neighbours(key)) {
      if (neighbour === start || found.has(neighbour)) continue
      found.add(neighbour)
      open.push(neighbour)
    }
  }
  return found
}

function insertByPlace<K>(sorted: K[], key: K, place: ReadonlyMap<K, number>): void {
  let low = 0
  let high = sorted.length
  while (low < high) {
    const middle = (low + high) >> 1
    if (place.get(sorted[middle]!)! < place.get(key)!) low = middle + 1
    else high = middle
  }
  sorted.splice(low, 0, key)
}
