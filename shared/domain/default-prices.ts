import type { Price, Prices } from './prices.ts'

/** A price as the providers' tables give it: input, input from the cache, input put into the cache, output. */
const rates = (input: number, cachedInput: number, cacheWrite: number, output: number): Price => ({
  input,
  cachedInput,
  cacheWrite,
  output,
})

/** As `rates`, where longer requests cost so many times as much. */
const longer = (price: Price, above: number, input: number, output: number): Price => ({
  ...price,
  long: {
    above,
    input: price.input * input,
    cachedInput: (price.cachedInput ?? price.input) * input,
    cacheWrite: (price.cacheWrite ?? price.input) * input,
    output: price.output * output,
  },
})

const openai = (price: Price): Price => longer(price, 272_000, 2, 1.5)
const google = (price: Price): Price => longer(price, 200_000, 2, 1.5)

/**
 * List prices of 2026-11-21, standard service, caches of five minutes. Gemini 4 is said with its price from 2026-12-01, twice the
 * introductory one. An installation's own entries come before these.
 */
export const DEFAULT_PRICES: Prices = Object.freeze({
  'anthropic:claude-fable-*': rates(10, 1, 12.5, 50),
  'anthropic:claude-fable-5-1*': rates(10, 0.25, 12.5, 50),
  'anthropic:claude-opus-*': rates(5, 0.5, 6.25, 25),
  'anthropic:claude-opus-5-5*': rates(4, 0.2, 5, 20),
  'anthropic:claude-opus-4-0*': rates(15, 1.5, 18.75, 75),
  'anthropic:claude-opus-4-1*': rates(15, 1.5, 18.75, 75),
  'anthropic:claude-opus-4-2025*': rates(15, 1.5, 18.75, 75),
  'anthropic:claude-sonnet-*': rates(3, 0.3, 3.75, 15),
  'anthropic:claude-sonnet-5*': rates(2, 0.2, 2.5, 10),
  'anthropic:claude-sonnet-5-5*': rates(2, 0.1, 2.5, 10),
  'anthropic:claude-haiku-*': rates(1, 0.1, 1.25, 5),
  'anthropic:claude-haiku-5-5*': longer(rates(0.1, 0.01, 0.125, 0.5), 100_000, 5, 5),
  'anthropic:claude-3-haiku*': rates(0.25, 0.03, 0.3, 1.25),

  'openai:gpt-6.1-sol*': openai(rates(2, 0.1, 2.5, 10)),
  'openai:gpt-6.1-terra*': openai(rates(1, 0.05, 1.25, 5)),
  'openai:gpt-6-astra*': openai(rates(10, 1, 12.5, 50)),
  'openai:gpt-6-sol*': openai(rates(2, 0.2, 2.5, 10)),
  'openai:gpt-6-luna*': openai(rates(0.1, 0.01, 0.125, 0.5)),
  'openai:gpt-5.6*': openai(rates(4, 0.4, 4, 20)),
  'openai:gpt-5.6-terra*': openai(rates(2, 0.2, 2, 12)),
  'openai:gpt-5.6-luna*': openai(rates(0.2, 0.02, 0.2, 1.2)),
  'openai:gpt-5.5*': openai(rates(5, 0.5, 5, 30)),
  'openai:gpt-5.5-pro*': openai(rates(30, 3, 30, 180)),
  'openai:gpt-5.4*': openai(rates(2.5, 0.25, 2.5, 15)),
  'openai:gpt-5.4-pro*': openai(rates(30, 3, 30, 180)),
  'openai:gpt-5.4-mini*': rates(0.75, 0.075, 0.75, 4.5),
  'openai:gpt-5.4-nano*': rates(0.2, 0.02, 0.2, 1.25),
  'openai:gpt-5.3*': rates(1.75, 0.175, 1.75, 14),
  'openai:gpt-5.2*': rates(1.75, 0.175, 1.75, 14),
  'openai:gpt-5.2-pro*': rates(21, 21, 21, 168),
  'openai:gpt-5.1*': rates(1.25, 0.125, 1.25, 10),
  'openai:gpt-5.1-codex-mini*': rates(0.25, 0.025, 0.25, 2),
  'openai:gpt-5*': rates(1.25, 0.125, 1.25, 10),
  'openai:gpt-5-pro*': rates(15, 15, 15, 120),
  'openai:gpt-5-mini*': rates(0.25, 0.025, 0.25, 2),
  'openai:gpt-5-nano*': rates(0.05, 0.005, 0.05, 0.4),
  'openai:gpt-4.1*': rates(2, 0.5, 2, 8),
  'openai:gpt-4.1-mini*': rates(0.4, 0.1, 0.4, 1.6),
  'openai:gpt-4.1-nano*': rates(0.1, 0.025, 0.1, 0.4),
  'openai:gpt-4o*': rates(2.5, 1.25, 2.5, 10),
  'openai:gpt-4o-mini*': rates(0.15, 0.075, 0.15, 0.6),

  'google:gemini-4-*': rates(4, 0.2, 4, 20),
  'google:gemini-pro-latest': rates(4, 0.2, 4, 20),
  'google:gemini-3.8-flash*': rates(0.75, 0.075, 0.75, 3.75),
  'google:gemini-flash-latest': rates(0.75, 0.075, 0.75, 3.75),
  'google:gemini-3.7-flash*': rates(0.75, 0.075, 0.75, 3.75),
  'google:gemini-3.6-flash*': rates(1.5, 0.15, 1.5, 7.5),
  'google:gemini-3.5-flash*': rates(1.5, 0.15, 1.5, 9),
  'google:gemini-3.5-flash-lite*': rates(0.3, 0.03, 0.3, 2.5),
  'google:gemini-flash-lite-latest': rates(0.3, 0.03, 0.3, 2.5),
  'google:gemini-3.1-pro*': google(rates(2, 0.2, 2, 12)),
  'google:gemini-3.1-flash-lite*': rates(0.25, 0.025, 0.25, 1.5),
  'google:gemini-3-pro*': google(rates(2, 0.2, 2, 12)),
  'google:gemini-3-flash*': rates(0.5, 0.05, 0.5, 3),
  'google:gemini-2.5-pro*': google(rates(1.25, 0.125, 1.25, 10)),
  'google:gemini-2.5-flash*': rates(0.3, 0.03, 0.3, 2.5),
  'google:gemini-2.5-flash-lite*': rates(0.1, 0.01, 0.1, 0.4),
})
