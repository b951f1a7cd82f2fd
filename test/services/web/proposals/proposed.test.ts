import { expect, test } from 'vitest'
import { leftBehind, proposedIn } from '../../../../services/web/src/proposals/proposed.ts'
import { task } from '../support.ts'

test('a thread shows what was proposed in it: drafts to review, and what was accepted, without what was dismissed', () => {
  const mine = { proposedInThreadId: 'thread' }
  const tasks = [
    task(1, mine),
    task(2, { ...mine, state: 'active' }),
    task(3, { ...mine, state: 'dismissed' }),
    task(4, { proposedInThreadId: 'another' }),
    task(5),
  ]
  const { drafts, accepted } = proposedIn('thread', tasks)
  expect([drafts, accepted].map(found => found.map(({ number }) => number))).toEqual([[1], [2]])
})

test('what ticked drafts wait for, and is not ticked, is named, also at the far end of a chain', () => {
  const tasks = [task(1), task(2, { dependsOn: ['1'] }), task(3, { dependsOn: ['2'] }), task(4)]
  const missing = (...ids: string[]) =>
    leftBehind(
      tasks.filter(({ id }) => ids.includes(id)),
      tasks,
    ).map(({ id }) => id)
  expect(missing('3')).toEqual(['2', '1'])
  expect(missing('3', '2')).toEqual(['1'])
  expect(missing('1', '2', '3')).toEqual([])
  expect(missing('4')).toEqual([])
})

test('a prerequisite that was accepted before is not missing', () => {
  const tasks = [task(1, { state: 'queued' }), task(2, { dependsOn: ['1', 'gone'] })]
  expect(leftBehind([tasks[1]!], tasks)).toEqual([])
})
