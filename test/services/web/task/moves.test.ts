import { expect, test } from 'vitest'
import { isEditable, MOVE_TO, movesOf, takesMessages } from '../../../../services/web/src/task/moves.ts'
import { canMove, TASK_STATES } from '../../../../shared/domain/task-state.ts'
import { task } from '../support.ts'

test('every move that is offered is legal', () => {
  for (const state of TASK_STATES) {
    for (const stale of [true, false]) {
      for (const move of movesOf(task(1, { state, stale }))) {
        expect(canMove(state, MOVE_TO[move], 'board'), `${move} from ${state}`).toBe(true)
      }
    }
  }
})

test('every legal move of a person is offered', () => {
  for (const state of TASK_STATES) {
    const moves = movesOf(task(1, { state }))
    expect(moves.includes('cancel'), state).toBe(canMove(state, 'cancelled'))
    expect(moves.includes('dismiss'), state).toBe(canMove(state, 'dismissed'))
    expect(moves.includes('apply'), state).toBe(canMove(state, 'applying'))
  }
})

test('work that is stale is done anew, never applied', () => {
  expect(movesOf(task(1, { state: 'ready', stale: true }))).toEqual(['retry', 'dismiss'])
})

test('tasks of a pipeline can only be cancelled', () => {
  expect(movesOf(task(1, { state: 'active', pipelineId: 'x' }))).toEqual(['cancel'])
  expect(movesOf(task(1, { state: 'failed', pipelineId: 'x' }))).toEqual([])
})

test('edges can be changed until the first start, also not after a task was given back', () => {
  expect(isEditable(task(1))).toBe(true)
  expect(isEditable(task(1, { state: 'queued' }))).toBe(true)
  expect(isEditable(task(1, { state: 'queued', baseSha: 'a'.repeat(40) }))).toBe(false)
  expect(isEditable(task(1, { state: 'failed' }))).toBe(false)
})

test('nobody writes to a task that nobody reads', () => {
  expect(TASK_STATES.filter(state => !takesMessages(task(1, { state })))).toEqual(['skipped', 'dismissed'])
  const ended = TASK_STATES.filter(state => !takesMessages(task(1, { state, pipelineId: 'x' })))
  expect(ended).toEqual(expect.arrayContaining(['done', 'failed', 'cancelled', 'skipped']))
  expect(takesMessages(task(1, { state: 'active', pipelineId: 'x' }))).toBe(true)
})
