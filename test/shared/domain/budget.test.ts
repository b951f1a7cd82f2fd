import fc from 'fast-check'
import { expect, test } from 'vitest'
import { type Budget, dollars, grant } from '../../../shared/domain/budget.ts'
import { mostCost } from '../../../shared/domain/prices.ts'

const price = { input: 2, output: 10 }
const ask = { inputTokens: 10_000, price, outputTokens: 16_000, leastOutputTokens: 4_000 }
const budget = (limitUsd: number, spentUsd = 0, reservedUsd = 0): Budget => ({
  of: 'task',
  limitUsd,
  spentUsd,
  reservedUsd,
})

test('without a budget all that was asked for is granted', () => {
  expect(grant(ask, [])).toEqual({ kind: 'granted', usd: 0.18, outputTokens: 16_000 })
})

test('near its end a budget grants as much output as is left for', () => {
  expect(grant(ask, [budget(1, 0.82)])).toMatchObject({ kind: 'granted', usd: 0.18, outputTokens: 16_000 })
  expect(grant(ask, [budget(1, 0.9)])).toEqual({ kind: 'granted', usd: 0.1, outputTokens: 8_000 })
  expect(grant(ask, [budget(1, 0.94)])).toEqual({ kind: 'granted', usd: 0.06, outputTokens: 4_000 })
  expect(grant(ask, [budget(1, 0.940001)])).toMatchObject({ kind: 'reached' })
})

test('money that others may still need is waited for, not fought over', () => {
  expect(grant(ask, [budget(1, 0.5, 0.32)])).toMatchObject({ kind: 'granted' })
  expect(grant(ask, [budget(1, 0.5, 0.320001)])).toMatchObject({ kind: 'busy' })
})

test('of two budgets both must have room, and the one that has none is named', () => {
  const [task, project] = [budget(1), { ...budget(1, 0.99), of: 'project' as const }]
  expect(grant(ask, [task, project])).toEqual({ kind: 'reached', budget: project })
  expect(
    grant(ask, [
      { ...task, reservedUsd: 0.9 },
      { ...project, spentUsd: 0 },
    ]),
  ).toMatchObject({ budget: { of: 'task' } })
})

test('whatever is granted, the budget holds even if every reply under way costs as much as it can', () => {
  const usd = fc.nat(2_000_000).map(millionths => millionths / 1e6)
  const rate = fc.integer({ min: 1, max: 1_000 }).map(cents => cents / 10)
  fc.assert(
    fc.property(usd, usd, usd, rate, rate, fc.nat(300_000), (limit, spent, reserved, input, output, inputTokens) => {
      const granted = grant({ ...ask, inputTokens, price: { input, output } }, [budget(limit, spent, reserved)])
      if (granted.kind !== 'granted') return
      expect(granted.usd).toBe(mostCost({ inputTokens, outputTokens: granted.outputTokens }, { input, output }))
      expect(Math.round((spent + reserved + granted.usd) * 1e6)).toBeLessThanOrEqual(Math.round(limit * 1e6))
      expect(granted.outputTokens).toBeGreaterThanOrEqual(ask.leastOutputTokens)
    }),
  )
})

test('amounts are written as people read them', () => {
  expect([12, 4.969, 0.05, 0.0421, 0.000003, 0].map(dollars)).toEqual([
    '$12.00',
    '$4.97',
    '$0.05',
    '$0.0421',
    '$0.000003',
    '$0',
  ])
})
