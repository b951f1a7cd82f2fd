import { expect, test } from 'vitest'
import { taskThreads } from '../../../../services/web/src/threads/task-threads.ts'
import { task } from '../support.ts'

test('threads that wait for a person come first, those of drafts and of given up tasks not at all', () => {
  const tasks = [
    task(1, { state: 'draft' }),
    task(2, { state: 'done' }),
    task(3, { state: 'active' }),
    task(4, { state: 'queued' }),
    task(5, { state: 'waiting' }),
    task(6, { state: 'failed' }),
    task(7, { state: 'dismissed' }),
    task(8, { state: 'active' }),
  ]
  expect(taskThreads(tasks).map(({ number }) => number)).toEqual([5, 6, 8, 3, 4, 2])
})
