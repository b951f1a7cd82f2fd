import { expect, test } from 'vitest'
import { boardColumns, hiddenCount, needsYou } from '../../../../services/web/src/board/board-view.ts'
import { TASK_STATES } from '../../../../shared/domain/task-state.ts'
import { task } from '../support.ts'

const numbers = (tasks: { number: number }[]) => tasks.map(({ number }) => number)

test('every state has its column; cancelled, skipped and dismissed show only when asked for', () => {
  const tasks = TASK_STATES.map((state, place) => task(place, { state }))
  const shown = boardColumns(tasks, {})
  expect(Object.values(shown).flat()).toHaveLength(TASK_STATES.length - 3)
  expect(hiddenCount(tasks)).toBe(3)
  const all = boardColumns(tasks, { all: true })
  expect(Object.values(all).flat()).toHaveLength(TASK_STATES.length)
  expect(new Set(all.active.map(({ state }) => state))).toEqual(new Set(['queued', 'active', 'waiting', 'failed']))
  expect(new Set(all.ready.map(({ state }) => state))).toEqual(new Set(['ready', 'applying']))
})

test('in Active, what waits for the person comes first, then what runs, then the line in its order', () => {
  const inLine = (position: number) => ({ reason: 'slot' as const, waitingOn: [], position })
  const tasks = [
    task(1, { state: 'queued', blocked: { reason: 'dependency', waitingOn: ['3'] } }),
    task(2, { state: 'queued', blocked: inLine(2) }),
    task(3, { state: 'active' }),
    task(4, { state: 'queued', blocked: inLine(1) }),
    task(5, { state: 'failed' }),
    task(6, { state: 'waiting' }),
    task(7, { state: 'queued', priority: 9, blocked: { reason: 'dependency', waitingOn: ['3'] } }),
  ]
  expect(numbers(boardColumns(tasks, {}).active)).toEqual([6, 5, 3, 4, 2, 7, 1])
})

test('Ready shows the oldest first, Done the newest', () => {
  const at = (minute: number) => `2026-01-01T00:0${minute}:00.000Z`
  const { ready, done } = boardColumns(
    [
      task(1, { state: 'ready', readyAt: at(2) }),
      task(2, { state: 'ready', readyAt: at(1) }),
      task(3, { state: 'done', finishedAt: at(1) }),
      task(4, { state: 'done', finishedAt: at(2) }),
    ],
    {},
  )
  expect(numbers(ready)).toEqual([2, 1])
  expect(numbers(done)).toEqual([4, 3])
})

test('a search finds words in any order, and a number', () => {
  const tasks = [task(12, { title: 'Write the schema' }), task(3, { title: 'Write docs' })]
  expect(numbers(boardColumns(tasks, { q: 'SCHEMA write' }).drafts)).toEqual([12])
  expect(numbers(boardColumns(tasks, { q: '#3' }).drafts)).toEqual([3])
  expect(numbers(boardColumns(tasks, { q: 'nothing' }).drafts)).toEqual([])
})

test('ready, failed and asking tasks wait for the person', () => {
  const asking = task(1, { state: 'waiting', blocked: { reason: 'answer', waitingOn: [] } })
  const parked = task(2, { state: 'waiting', blocked: { reason: 'provider', waitingOn: [] } })
  expect(needsYou([asking, parked, task(3, { state: 'ready' }), task(4, { state: 'failed' }), task(5)])).toBe(3)
  const broke = { reason: 'budget' as const, waitingOn: [] }
  expect(needsYou([task(6, { state: 'waiting', blocked: broke })])).toBe(1)
  expect(needsYou([task(7, { state: 'waiting', blocked: { ...broke, until: '2026-01-01T00:00:00.000Z' } })])).toBe(0)
})
