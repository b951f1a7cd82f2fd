import fc from 'fast-check'
import { expect, test } from 'vitest'
import { LIMITS, parallelLimit } from '../../../shared/domain/limits.ts'

test('the limits of a pipeline are those that users were promised', () => {
  const { minTasks, maxTasks, maxDepth } = LIMITS.pipeline
  expect({ minTasks, maxTasks, maxDepth }).toEqual({ minTasks: 2, maxTasks: 8, maxDepth: 4 })
  expect(LIMITS.task.outputBytes).toBe(51_200)
  expect(LIMITS.project.maxIterations).toBe(60)
})

test('core runs 2 tasks at once, pro 10, a number so many', () => {
  expect(['core', 'pro', '1', '37'].map(parallelLimit)).toEqual([2, 10, 1, 37])
})

test.each(['', '0', '-1', '1.5', '1e3', ' 2', '2 ', '007', 'Core', 'constructor', '1234567', '٣'])(
  'the plan %j is refused with what is allowed',
  plan => {
    expect(() => parallelLimit(plan)).toThrow(/Unknown plan .*core, pro or a whole number/)
  },
)

test('whatever the plan says, the limit is a positive whole number or an error', () => {
  fc.assert(
    fc.property(fc.oneof(fc.string(), fc.integer().map(String)), plan => {
      let limit: number
      try {
        limit = parallelLimit(plan)
      } catch (error) {
        expect(error).toBeInstanceOf(RangeError)
        return
      }
      expect(Number.isInteger(limit) && limit > 0).toBe(true)
    }),
  )
})

test('nobody can change a limit while the system runs', () => {
  for (const group of [LIMITS, ...Object.values(LIMITS)]) expect(Object.isFrozen(group)).toBe(true)
})

test('times that depend on each other fit', () => {
  const { leaseMs, renewMs, queueLockMs, stalledCheckMs } = LIMITS.engine
  expect(leaseMs).toBeLessThanOrEqual(queueLockMs)
  expect(renewMs * 3).toBeLessThanOrEqual(leaseMs)
  expect(stalledCheckMs).toBeLessThan(queueLockMs)
  const { memoryBytes, workspaceBytes, tmpBytes } = LIMITS.container
  expect(workspaceBytes + tmpBytes).toBeLessThanOrEqual(memoryBytes / 2)
})
