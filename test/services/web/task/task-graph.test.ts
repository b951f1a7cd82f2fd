import { expect, test } from 'vitest'
import { appliedBefore, buildsOn, possiblePrerequisites } from '../../../../services/web/src/task/task-graph.ts'
import { task } from '../support.ts'

const numbers = (tasks: { number: number }[]) => tasks.map(({ number }) => number)

// 1 ← 2 ← 4, 1 ← 3 ← 4
const diamond = (states: Partial<Record<number, 'done' | 'ready'>> = {}) => [
  task(4, { state: states[4] ?? 'ready', dependsOn: ['2', '3'] }),
  task(3, { state: states[3] ?? 'ready', dependsOn: ['1'] }),
  task(2, { state: states[2] ?? 'ready', dependsOn: ['1'] }),
  task(1, { state: states[1] ?? 'ready' }),
]

test('unapplied prerequisites are applied first, first ones first, each once', () => {
  const order = numbers(appliedBefore(task(4), diamond()))
  expect(order[0]).toBe(1)
  expect(order.toSorted()).toEqual([1, 2, 3])
})

test('what is in main already is not applied again, nor what came with it', () => {
  expect(numbers(appliedBefore(task(4), diamond({ 1: 'done' }))).toSorted()).toEqual([2, 3])
  expect(appliedBefore(task(4), diamond({ 2: 'done', 3: 'done' }))).toEqual([])
})

test('everything that builds on a task is named, also indirectly, but nothing that is over', () => {
  expect(numbers(buildsOn(task(1), diamond())).toSorted()).toEqual([2, 3, 4])
  expect(numbers(buildsOn(task(1), [...diamond(), task(5, { state: 'dismissed', dependsOn: ['1'] })]))).not.toContain(5)
  expect(buildsOn(task(4), diamond())).toEqual([])
})

test('a task cannot be made to depend on itself or on what builds on it', () => {
  expect(numbers(possiblePrerequisites('2', diamond())).toSorted()).toEqual([1, 3])
  expect(numbers(possiblePrerequisites('1', diamond()))).toEqual([])
  expect(numbers(possiblePrerequisites(null, diamond())).toSorted()).toEqual([1, 2, 3, 4])
})

test('a cancelled task is no prerequisite to choose', () => {
  expect(possiblePrerequisites(null, [task(1, { state: 'cancelled' })])).toEqual([])
})
