import fc from 'fast-check'
import { expect, test } from 'vitest'
import { type BlockedFacts, deriveBlocked, openPrerequisites, waitOfSubAgents } from '../../../shared/domain/blocked.ts'
import { satisfies, TASK_STATES } from '../../../shared/domain/task-state.ts'

const queued: BlockedFacts = { state: 'queued', prerequisites: [], inLine: null, waitingFor: null }

test('a queued task tells which prerequisites are open, in their order', () => {
  const prerequisites = [
    { id: 'c', state: 'failed' },
    { id: 'b', state: 'ready' },
    { id: 'a', state: 'active' },
  ] as const
  expect(deriveBlocked({ ...queued, prerequisites, inLine: 3 })).toEqual({
    reason: 'dependency',
    waitingOn: ['c', 'a'],
  })
})

test('a prerequisite whose state could not be read counts as open', () => {
  expect(deriveBlocked({ ...queued, prerequisites: [{ id: 'a', state: null }] })).toEqual({
    reason: 'dependency',
    waitingOn: ['a'],
  })
})

test('a task over the limit tells its place in the line', () => {
  expect(deriveBlocked({ ...queued, inLine: 2 })).toEqual({ reason: 'slot', waitingOn: [], position: 2 })
})

test('a task that could start waits for a host', () => {
  expect(deriveBlocked({ ...queued, prerequisites: [{ id: 'a', state: 'done' }] })).toEqual({
    reason: 'host',
    waitingOn: [],
  })
})

test('a parked task tells what for, and until when where that is known', () => {
  const waiting = { ...queued, state: 'waiting' } as const
  expect(deriveBlocked({ ...waiting, waitingFor: { reason: 'answer' } })).toEqual({ reason: 'answer', waitingOn: [] })
  expect(deriveBlocked({ ...waiting, waitingFor: { reason: 'provider', until: '2026-11-21T10:00:00.000Z' } })).toEqual({
    reason: 'provider',
    waitingOn: [],
    until: '2026-11-21T10:00:00.000Z',
  })
  expect(deriveBlocked({ ...waiting, waitingFor: { reason: 'pipeline', waitingOn: ['x', 'y'], until: null } })).toEqual(
    { reason: 'pipeline', waitingOn: ['x', 'y'] },
  )
})

test('exactly queued and waiting tasks are blocked, and open prerequisites are those not satisfied', () => {
  const facts = fc.record({
    state: fc.constantFrom(...TASK_STATES),
    prerequisites: fc.array(fc.record({ id: fc.uuid(), state: fc.option(fc.constantFrom(...TASK_STATES)) })),
    inLine: fc.option(fc.integer({ min: 1, max: 99 })),
    waitingFor: fc.option(fc.record({ reason: fc.constantFrom('answer' as const, 'budget' as const) })),
  })
  fc.assert(
    fc.property(facts, one => {
      const blocked = deriveBlocked(one)
      expect(blocked !== null).toBe(one.state === 'queued' || one.state === 'waiting')
      const open = one.prerequisites.filter(({ state }) => !(state && satisfies(state))).map(({ id }) => id)
      expect(openPrerequisites(one.prerequisites)).toEqual(open)
      if (one.state === 'queued') expect(blocked?.reason === 'dependency').toBe(open.length > 0)
    }),
  )
})

test('a queued task whose runs broke tells when it is tried again, unless something else holds it', () => {
  const restsUntil = '2026-11-21T12:00:00.000Z'
  expect(deriveBlocked({ ...queued, restsUntil })).toEqual({ reason: 'host', waitingOn: [], until: restsUntil })
  expect(deriveBlocked({ ...queued, restsUntil, inLine: 1 })).toEqual({ reason: 'slot', waitingOn: [], position: 1 })
})

test('a task waits for what its parked sub-agents wait for, where none of them runs', () => {
  const budget = { reason: 'budget', waitingOn: ['parent'] } as const
  const idle = { state: 'queued', waitingFor: null } as const
  const parked = { state: 'waiting', waitingFor: budget } as const
  expect(waitOfSubAgents([{ state: 'done', waitingFor: null }, idle, parked])).toEqual(budget)
  expect(waitOfSubAgents([{ state: 'active', waitingFor: null }, parked])).toBeNull()
  expect(waitOfSubAgents([idle])).toBeNull()
})
