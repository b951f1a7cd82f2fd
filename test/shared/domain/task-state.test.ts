import fc from 'fast-check'
import { expect, test } from 'vitest'
import {
  BOARD_COLUMNS,
  canMove,
  columnOf,
  isHidden,
  isSettled,
  isTerminal,
  movesFrom,
  satisfies,
  sourcesOf,
  TASK_STATES,
  type TaskState,
} from '../../../shared/domain/task-state.ts'

const anyState = fc.constantFrom(...TASK_STATES)

test('the legal moves are those of the design and no other', () => {
  const moves = Object.fromEntries(TASK_STATES.map(state => [state, movesFrom(state).toSorted()]))
  expect(moves).toEqual({
    draft: ['dismissed', 'queued'],
    queued: ['active', 'cancelled', 'skipped'],
    active: ['cancelled', 'done', 'failed', 'queued', 'ready', 'waiting'],
    waiting: ['cancelled', 'failed', 'queued'],
    ready: ['applying', 'dismissed', 'queued'],
    applying: ['done', 'ready'],
    done: [],
    failed: ['dismissed', 'queued'],
    cancelled: ['dismissed', 'queued'],
    skipped: [],
    dismissed: [],
  })
})

test('a task of the board becomes done only by being applied, and is never skipped', () => {
  expect(sourcesOf('done', 'board')).toEqual(['applying'])
  expect(sourcesOf('skipped', 'board')).toEqual([])
  expect(canMove('active', 'done', 'board')).toBe(false)
})

test('a pipeline task may be skipped before it starts and ends done without a review', () => {
  expect(canMove('queued', 'skipped', 'pipeline')).toBe(true)
  expect(sourcesOf('done', 'pipeline')).toEqual(['active', 'applying'])
})

test('no state moves to itself', () => {
  for (const state of TASK_STATES) expect(canMove(state, state)).toBe(false)
})

test('nothing becomes a draft, and only queued tasks become active', () => {
  expect(sourcesOf('draft')).toEqual([])
  expect(sourcesOf('active')).toEqual(['queued'])
})

test('moves, sources and the single question agree', () => {
  fc.assert(
    fc.property(anyState, anyState, fc.constantFrom(undefined, 'board', 'pipeline'), (from, to, kind) => {
      expect(movesFrom(from, kind).includes(to)).toBe(canMove(from, to, kind))
      expect(sourcesOf(to, kind).includes(from)).toBe(canMove(from, to, kind))
    }),
  )
})

test('a random walk ends only in a terminal state, and every walk passes queued before active', () => {
  fc.assert(
    fc.property(fc.array(fc.nat(), { maxLength: 40 }), choices => {
      let state = 'draft' as TaskState
      const walk: TaskState[] = [state]
      for (const choice of choices) {
        const moves = movesFrom(state)
        if (moves.length === 0) break
        state = moves[choice % moves.length]!
        walk.push(state)
      }
      expect(isTerminal(state)).toBe(movesFrom(state).length === 0)
      for (const [index, one] of walk.entries()) if (one === 'active') expect(walk[index - 1]).toBe('queued')
    }),
  )
})

test('every state can be reached from a draft', () => {
  const reached = new Set<TaskState>(['draft'])
  for (const state of reached) for (const to of movesFrom(state)) reached.add(to)
  expect([...reached].toSorted()).toEqual([...TASK_STATES].toSorted())
})

test('only success satisfies a prerequisite', () => {
  expect(TASK_STATES.filter(satisfies)).toEqual(['ready', 'applying', 'done'])
})

test('done, skipped and dismissed are for ever; ready, failed and cancelled wait for a person', () => {
  expect(TASK_STATES.filter(isTerminal)).toEqual(['done', 'skipped', 'dismissed'])
  expect(TASK_STATES.filter(state => isSettled(state) && !isTerminal(state))).toEqual(['ready', 'failed', 'cancelled'])
})

test('each state stands in its column of the board', () => {
  const columns = Object.fromEntries(
    BOARD_COLUMNS.map(column => [column, TASK_STATES.filter(state => columnOf(state) === column && !isHidden(state))]),
  )
  expect(columns).toEqual({
    drafts: ['draft'],
    active: ['queued', 'active', 'waiting', 'failed'],
    ready: ['ready', 'applying'],
    done: ['done'],
  })
})

test('cancelled, skipped and dismissed tasks stand behind the filter of the last column', () => {
  const hidden = TASK_STATES.filter(isHidden)
  expect(hidden).toEqual(['cancelled', 'skipped', 'dismissed'])
  expect(new Set(hidden.map(columnOf))).toEqual(new Set(['done']))
})
