import { expect, test } from 'vitest'
import { keys } from '../../../../services/web/src/api/keys.ts'
import { movedTo, staleKeys, turnMovedTo } from '../../../../services/web/src/live/stale-keys.ts'
import { EVENT_TYPES } from '../../../../shared/contract/event.ts'
import { TASK_STATES } from '../../../../shared/domain/task-state.ts'
import { event } from '../support.ts'

const about = { taskId: 't', threadId: 'th' }

test('a move of a task puts its whole board out of date, since others may wait for it', () => {
  for (const state of TASK_STATES) {
    const moved = event(`task.${state}`, about)
    expect(movedTo(moved)).toBe(state)
    expect(staleKeys(moved)).toEqual(expect.arrayContaining([keys.tasks('p'), keys.task('t'), keys.messages('th')]))
  }
})

test('what happens inside a run leaves the board alone', () => {
  for (const type of ['task.iteration', 'task.checkpoint', 'task.step', 'message.created', 'message.read']) {
    expect(movedTo(event(type, about))).toBeNull()
    expect(staleKeys(event(type, about))).not.toContainEqual(keys.tasks('p'))
  }
})

test('a checkpoint has the changes read again, a check its results, a step the log', () => {
  expect(staleKeys(event('task.checkpoint', about))).toContainEqual(keys.diff('t'))
  expect(staleKeys(event('task.check', about))).toContainEqual(keys.checks('t'))
  expect(staleKeys(event('task.step', about))).toContainEqual(keys.log('t'))
})

test('what the agent does in a thread without a task leaves the board alone', () => {
  for (const state of TASK_STATES) {
    const moved = event(`turn.${state}`, { threadId: 'th' })
    expect([movedTo(moved), turnMovedTo(moved)]).toEqual([null, state])
    expect(staleKeys(moved)).toEqual(expect.arrayContaining([keys.thread('th'), keys.messages('th')]))
    expect(staleKeys(moved)).not.toContainEqual(keys.tasks('p'))
  }
  expect(staleKeys(event('turn.step', { threadId: 'th' }))).toEqual([keys.messages('th')])
})

test('every type of event puts something out of date, and so does one of a newer server', () => {
  for (const type of [...EVENT_TYPES, 'task.invented']) expect(staleKeys(event(type, about)), type).not.toEqual([])
})
