import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { DEFAULT_PRICES } from '../../../shared/domain/default-prices.ts'
import { affordableOutput, costOf, FREE, isFree, mostCost, type Price, priceOf } from '../../../shared/domain/prices.ts'

const usd = fc.double({ min: 0, max: 200, noNaN: true, noDefaultInfinity: true }).map(price => Number(price.toFixed(4)))
const optionalUsd = fc.option(usd, { nil: undefined })
const rates = fc.record({ input: usd, cachedInput: optionalUsd, cacheWrite: optionalUsd, output: usd })
const price: fc.Arbitrary<Price> = fc.oneof(
  rates,
  fc.tuple(rates, rates, fc.nat(400_000)).map(([short, long, above]) => ({ ...short, long: { ...long, above } })),
)
const tokens = fc.nat(2_000_000)
const usage = fc
  .record({ inputTokens: tokens, outputTokens: tokens, read: fc.nat(100), written: fc.nat(100) })
  .map(({ inputTokens, outputTokens, read, written }) => {
    const cachedInputTokens = Math.floor((inputTokens * read) / 100)
    return {
      inputTokens,
      outputTokens,
      cachedInputTokens,
      cacheWriteInputTokens: Math.floor(((inputTokens - cachedInputTokens) * written) / 100),
    }
  })

describe('which price counts', () => {
  const own = { 'openai-compatible:*': { input: 1, output: 1 }, 'anthropic:claude-*': { input: 2, output: 2 } }
  const defaults = {
    'anthropic:claude-opus-*': { input: 5, output: 5 },
    'anthropic:claude-opus-5-5*': { input: 4, output: 4 },
    'openai:gpt-5': { input: 3, output: 3 },
  }

  test('the longest beginning that fits, and the whole name before any', () => {
    expect(priceOf('anthropic:claude-opus-5-5-20261001', {}, defaults).input).toBe(4)
    expect(priceOf('anthropic:claude-opus-5', {}, defaults).input).toBe(5)
    expect(priceOf('openai:gpt-5', { 'openai:gpt-*': FREE }, defaults).input).toBe(0)
    expect(
      priceOf('openai:gpt-5', { 'openai:gpt-5*': FREE, 'openai:gpt-5': own['openai-compatible:*'] }, {}).input,
    ).toBe(1)
  })

  test("an installation's own entry comes before a default that fits better", () => {
    expect(priceOf('anthropic:claude-opus-5-5', own, defaults).input).toBe(2)
  })

  test('a model that nothing fits, and one that runs on the own machine, costs nothing', () => {
    for (const model of ['runbook', 'runbook:default', 'openai-compatible:qwen3-coder', 'nobody:model', 'openai:']) {
      expect(isFree(priceOf(model, {}, DEFAULT_PRICES)), model).toBe(true)
    }
  })

  test('names of objects’ own members are no prices', () => {
    for (const model of ['__proto__', 'constructor', 'toString']) expect(priceOf(model, {}, DEFAULT_PRICES)).toBe(FREE)
  })

  test.each([
    ['anthropic:claude-sonnet-5-5', 2, 0.1, 10],
    ['anthropic:claude-sonnet-5', 2, 0.2, 10],
    ['anthropic:claude-sonnet-4-5-20250929', 3, 0.3, 15],
    ['anthropic:claude-opus-4-20250514', 15, 1.5, 75],
    ['anthropic:claude-opus-4-8', 5, 0.5, 25],
    ['anthropic:claude-haiku-5-5', 0.1, 0.01, 0.5],
    ['openai:gpt-5.6', 4, 0.4, 20],
    ['openai:gpt-5.4-mini-2026-03-17', 0.75, 0.075, 4.5],
    ['openai:gpt-5-codex', 1.25, 0.125, 10],
    ['google:gemini-pro-latest', 4, 0.2, 20],
    ['google:gemini-2.5-flash-lite', 0.1, 0.01, 0.4],
    ['google:gemini-2.5-flash', 0.3, 0.03, 2.5],
  ])('%s', (model, input, cachedInput, output) => {
    expect(priceOf(model, {}, DEFAULT_PRICES)).toMatchObject({ input, cachedInput, output })
  })
})

describe('what a reply costs', () => {
  const sonnet = priceOf('anthropic:claude-sonnet-5-5', {}, DEFAULT_PRICES)

  test('each kind of token at its own rate', () => {
    const count = {
      inputTokens: 100_000,
      outputTokens: 2_000,
      cachedInputTokens: 80_000,
      cacheWriteInputTokens: 15_000,
    }
    // 5,000 at $2, 80,000 at $0.10, 15,000 at $2.50 and 2,000 at $10 a million.
    expect(costOf(count, sonnet)).toBe(0.01 + 0.008 + 0.0375 + 0.02)
  })

  test('all tokens at the higher rate where the input is longer than the limit', () => {
    const haiku = priceOf('anthropic:claude-haiku-5-5', {}, DEFAULT_PRICES)
    expect(costOf({ inputTokens: 100_000, outputTokens: 1_000 }, haiku)).toBe(0.0105)
    expect(costOf({ inputTokens: 100_001, outputTokens: 1_000 }, haiku)).toBe(0.052501)
  })

  test('is millionths of a dollar, never less than nothing', () =>
    fc.assert(
      fc.property(usage, price, (count, at) => {
        const cost = costOf(count, at)
        expect(cost).toBeGreaterThanOrEqual(0)
        expect(Math.abs(cost * 1e6 - Math.round(cost * 1e6))).toBeLessThan(1e-3)
      }),
    ))

  test('is never more than was reserved for as many tokens', () =>
    fc.assert(
      fc.property(usage, price, (count, at) => {
        expect(costOf(count, at)).toBeLessThanOrEqual(mostCost(count, at))
      }),
    ))

  test('grows with its output', () =>
    fc.assert(
      fc.property(usage, price, tokens, (count, at, more) => {
        const longer = { ...count, outputTokens: count.outputTokens + more }
        expect(costOf(longer, at)).toBeGreaterThanOrEqual(costOf(count, at))
      }),
    ))
})

test('what is affordable is paid by the money given, and more is not', () =>
  fc.assert(
    fc.property(fc.nat(50_000_000), tokens, price, (millionths, inputTokens, at) => {
      const money = millionths / 1e6
      const outputTokens = affordableOutput(money, inputTokens, at)
      const most = (more: number) => mostCost({ inputTokens, outputTokens: Math.max(0, outputTokens) + more }, at)
      if (outputTokens < 0) {
        expect(most(0)).toBeGreaterThan(money)
      } else if (outputTokens === Number.POSITIVE_INFINITY) {
        expect(mostCost({ inputTokens, outputTokens: 1e9 }, at)).toBeLessThanOrEqual(money)
      } else {
        const { output } = at.long && inputTokens > at.long.above ? at.long : at
        expect(most(0)).toBeLessThanOrEqual(money)
        expect(most(2 + 2 / output)).toBeGreaterThan(money)
      }
    }),
  ))
