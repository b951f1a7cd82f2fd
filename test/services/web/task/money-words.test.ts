import { expect, test } from 'vitest'
import { budgetFrom, dollars, moneyWords, raised } from '../../../../services/web/src/task/money-words.ts'

const used = (costUsd: number) => ({ inputTokens: 0, outputTokens: 0, costUsd })

test('money is told in cents, and what is less than one is not nothing', () => {
  expect([0, 0.004, 0.18, 1234.5].map(dollars)).toEqual(['$0.00', '<$0.01', '$0.18', '$1,234.50'])
})

test('a task tells its cost where there is any, and how much of its budget that is', () => {
  expect(moneyWords({ usageTotal: used(0), budgetUsd: null })).toBeNull()
  expect(moneyWords({ usageTotal: used(0.18), budgetUsd: null })).toBe('$0.18')
  expect(moneyWords({ usageTotal: used(0), budgetUsd: 2 })).toBe('$0.00 of $2.00')
})

test('a raise goes beyond what is spent, also where that is more than the budget', () => {
  expect(raised(2, 1.99, 1)).toBe(3)
  expect(raised(2, 4.123, 5)).toBe(9.12)
})

test('a budget is dollars above nothing, or none', () => {
  expect([' ', '2', '$1.50', '0.005'].map(text => budgetFrom(text, 100))).toEqual([null, 2, 1.5, 0.005])
  for (const text of ['0', '-1', 'x', '101', '0.0000001', 'Infinity']) expect(budgetFrom(text, 100), text).toBe('wrong')
})
