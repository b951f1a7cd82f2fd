import { expect, test } from 'vitest'
import { applyWords, blockedWords, checksWords } from '../../../../services/web/src/task/task-words.ts'
import { BLOCKED_REASONS } from '../../../../shared/contract/task.ts'
import { task } from '../support.ts'

const schema = task(3, { title: 'Write schema', state: 'active' })
const find = (id: string) =>
  [schema, task(4, { state: 'failed' }), task(5, { state: 'cancelled' })].find(one => one.id === id)

test('a prerequisite is named', () => {
  expect(blockedWords({ reason: 'dependency', waitingOn: ['3'] }, find)).toBe('Waiting for #3 Write schema')
  expect(blockedWords({ reason: 'dependency', waitingOn: ['3', 'x', 'y'] }, find)).toBe(
    'Waiting for #3 Write schema and 2 more',
  )
  expect(blockedWords({ reason: 'dependency', waitingOn: ['x'] }, find)).toBe('Waiting for another task')
})

test('a prerequisite that will not come by itself says so', () => {
  expect(blockedWords({ reason: 'dependency', waitingOn: ['3', '4'] }, find)).toBe(
    'Waiting for #4 Task 4, which has failed',
  )
  expect(blockedWords({ reason: 'dependency', waitingOn: ['5'] }, find)).toContain('was cancelled')
})

test('the place in line is told', () => {
  expect(blockedWords({ reason: 'slot', waitingOn: [], position: 2 }, find)).toBe('In line for a slot: 2nd')
  expect(blockedWords({ reason: 'slot', waitingOn: [] }, find)).toBe('In line for a slot')
})

test('every reason has words of its own', () => {
  const words = BLOCKED_REASONS.map(reason => blockedWords({ reason, waitingOn: [] }, find))
  expect(new Set(words).size).toBe(BLOCKED_REASONS.length)
})

test('a check says its counts where it has them', () => {
  expect(checksWords({ status: 'passed', passed: 12, failed: 0 })).toBe('12 passed')
  expect(checksWords({ status: 'failed', passed: 10, failed: 2 })).toBe('2 failed, 10 passed')
  expect(checksWords({ status: 'failed' })).toBe('Checks failed')
  expect(checksWords({ status: 'failed', passed: 3, failed: 0 })).toBe('Checks failed')
  expect(checksWords({ status: 'stale', passed: 1 })).toBe('Checks out of date')
})

test('an apply in line says where it stands', () => {
  expect(applyWords({ phase: 'queued', position: 3 })).toBe('In line to be applied: 3rd')
  expect(applyWords({ phase: 'queued', position: 1 })).toBe('Next to be applied')
  expect(applyWords({ phase: 'merging', position: 1 })).toBe('Merging into main')
})
