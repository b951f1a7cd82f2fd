import { describe, expect, test } from 'vitest'
import type { TaskState } from '../../../../shared/domain/task-state.ts'
import { judgePush } from '../../../../shared/runtime/git-store/push-rules.ts'
import type { RefUpdate } from '../../../../shared/runtime/git-store/types.ts'

const A = 'a'.repeat(40)
const B = 'b'.repeat(40)
const update = (ref: string, change: Partial<RefUpdate> = {}): RefUpdate => ({
  ref,
  old: A,
  next: B,
  fastForward: true,
  ...change,
})
const judge = (updates: RefUpdate[], taskStates: Record<string, TaskState> = {}) =>
  judgePush(updates, { defaultBranch: 'main', taskStates: new Map(Object.entries(taskStates)) })

describe('who may push what', () => {
  test('the default branch moves forward only and stays', () => {
    expect(judge([update('refs/heads/main')])).toEqual({ ok: true })
    expect(judge([update('refs/heads/main', { fastForward: false })])).toMatchObject({
      ok: false,
      reason: expect.stringContaining('only moves forward'),
    })
    expect(judge([update('refs/heads/main', { next: null, fastForward: false })])).toMatchObject({
      ok: false,
      reason: expect.stringContaining('cannot be deleted'),
    })
  })

  test("branches and tags of one's own are free", () => {
    expect(
      judge([update('refs/heads/feature', { old: null }), update('refs/tags/v1', { fastForward: false })]),
    ).toEqual({ ok: true })
    expect(judge([update('refs/heads/feature', { next: null, fastForward: false })])).toEqual({ ok: true })
  })

  test.each(['ready', 'failed'] as const)('the branch of a task that is %s is open, but not to deletion', state => {
    const ref = 'refs/heads/tasks/7-title'
    expect(judge([update(ref, { fastForward: false })], { [ref]: state })).toEqual({ ok: true })
    expect(judge([update(ref, { next: null, fastForward: false })], { [ref]: state }).ok).toBe(false)
  })

  test.each(['draft', 'queued', 'active', 'waiting', 'applying', 'done', 'cancelled', 'skipped', 'dismissed'] as const)(
    'the branch of a task that is %s is closed',
    state => {
      const ref = 'refs/heads/tasks/7-title'
      expect(judge([update(ref)], { [ref]: state })).toMatchObject({
        ok: false,
        reason: expect.stringContaining(`is ${state}`),
      })
    },
  )

  test.each([
    'refs/slipway/x/e1',
    'refs/slipway',
    'refs/heads/tasks',
    'refs/heads/tasks/9-none',
    'refs/notes/x',
    'refs/replace/x',
    'HEAD',
  ])('%s is closed to everybody', ref => {
    expect(judge([update(ref, { old: null })]).ok).toBe(false)
  })

  test('one closed ref closes the whole push', () => {
    expect(judge([update('refs/heads/main'), update('refs/slipway/x')]).ok).toBe(false)
  })
})
