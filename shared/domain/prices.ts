/** US dollars for a million tokens. What is not said costs as much as `input`. */
export interface Rates {
  input: number
  /** Input that the provider still had in its cache. */
  cachedInput?: number | undefined
  /** Input that the provider put into its cache. */
  cacheWrite?: number | undefined
  output: number
}

/** What a model's tokens cost; `long` is for all tokens of a request whose input is longer than `above` tokens. */
export interface Price extends Rates {
  long?: (Rates & { above: number }) | undefined
}

/** Prices by `provider:model`, or by the beginning of it with a `*` behind. */
export type Prices = Readonly<Record<string, Price>>

/** Tokens of one reply. `inputTokens` includes those read from and written to the provider's cache. */
export interface TokenCount {
  inputTokens: number
  outputTokens: number
  cachedInputTokens?: number | undefined
  cacheWriteInputTokens?: number | undefined
}

export const FREE: Price = Object.freeze({ input: 0, output: 0 })

/**
 * The price of a model: an installation's own entries come before the defaults, and of several that fit the longest counts. A model
 * that none fits costs nothing, as `runbook` and models on one's own machine do.
 */
export function priceOf(model: string, own: Prices, defaults: Prices): Price {
  return bestOf(model, own) ?? bestOf(model, defaults) ?? FREE
}

function bestOf(model: string, prices: Prices): Price | undefined {
  if (Object.hasOwn(prices, model)) return prices[model]
  let best: string | undefined
  for (const pattern of Object.keys(prices)) {
    const fits = pattern.endsWith('*') && model.startsWith(pattern.slice(0, -1))
    if (fits && pattern.length > (best?.length ?? 0)) best = pattern
  }
  return best === undefined ? undefined : prices[best]
}

/** What a reply cost, in US dollars, to the millionth. */
export function costOf(usage: TokenCount, price: Price): number {
  const { inputTokens, outputTokens } = usage
  const { input, cachedInput = input, cacheWrite = input, output } = ratesFor(inputTokens, price)
  const cached = Math.min(usage.cachedInputTokens ?? 0, inputTokens)
  const written = Math.min(usage.cacheWriteInputTokens ?? 0, inputTokens - cached)
  const fresh = inputTokens - cached - written
  // Rates are dollars for a million tokens, so tokens times rate are millionths of a dollar.
  return Math.round(fresh * input + cached * cachedInput + written * cacheWrite + outputTokens * output) / 1e6
}

/** The most that a reply of so many tokens can cost, however the provider's cache took its input. */
export function mostCost(tokens: Pick<TokenCount, 'inputTokens' | 'outputTokens'>, price: Price): number {
  const { inputTokens, outputTokens } = tokens
  const rates = ratesFor(inputTokens, price)
  return roundUp(inputTokens * dearestInput(rates) + outputTokens * rates.output) / 1e6
}

/** How many tokens a reply may have after so much input, for the money given. Below zero: not even the input is paid. */
export function affordableOutput(usd: number, inputTokens: number, price: Price): number {
  const rates = ratesFor(inputTokens, price)
  const left = Math.round(usd * 1e6) - roundUp(inputTokens * dearestInput(rates))
  if (rates.output === 0) return left < 0 ? -1 : Number.POSITIVE_INFINITY
  return Math.floor(left / rates.output + 1e-6)
}

/** Whether nothing that is asked of the model ever costs anything. */
export function isFree({ long, ...rates }: Price): boolean {
  return [rates, ...(long ? [long] : [])].every(each => each.output === 0 && dearestInput(each) === 0)
}

const ratesFor = (inputTokens: number, price: Price): Rates =>
  price.long && inputTokens > price.long.above ? price.long : price

/** Up to a whole number, but not because of a double's last digits. */
const roundUp = (value: number): number => Math.ceil(value - 1e-6)

const dearestInput = ({ input, cachedInput = input, cacheWrite = input }: Rates): number =>
  Math.max(input, cachedInput, cacheWrite)
