import { affordableOutput, mostCost, type Price } from './prices.ts'

/** A limit on money, and what counts against it. All in US dollars. */
export interface Budget {
  /** A task's holds for all its sub-agents, a project's for all its tasks and threads. */
  of: 'task' | 'project'
  limitUsd: number
  spentUsd: number
  /** What replies that others are waiting for may cost at most. */
  reservedUsd: number
}

/** A reply that is to be asked for. */
export interface MoneyAsk {
  /** As estimated. */
  inputTokens: number
  price: Price
  /** Tokens of output to count with, as long as there is money for them … */
  outputTokens: number
  /** … and fewer than which are not worth asking for. */
  leastOutputTokens: number
}

export type Grant =
  /** So much is to be reserved; `outputTokens` is less than asked for where the money left pays for no more. */
  | { kind: 'granted'; usd: number; outputTokens: number }
  /** Too little is left of the budget. */
  | { kind: 'reached'; budget: Budget }
  /** There is money, but until others have their replies it may all be needed. */
  | { kind: 'busy'; budget: Budget }

/** Whether a reply may be asked for, so that no budget is exceeded even if all replies under way cost as much as they can. */
export function grant(ask: MoneyAsk, budgets: readonly Budget[]): Grant {
  const { inputTokens, price, leastOutputTokens } = ask
  let { outputTokens } = ask
  for (const budget of budgets) {
    const left = budget.limitUsd - budget.spentUsd
    outputTokens = Math.min(outputTokens, affordableOutput(left, inputTokens, price))
    if (outputTokens < leastOutputTokens) return { kind: 'reached', budget }
  }
  const usd = mostCost({ inputTokens, outputTokens }, price)
  const busy = budgets.find(
    budget => millionths(budget.spentUsd + budget.reservedUsd + usd) > millionths(budget.limitUsd),
  )
  return busy ? { kind: 'busy', budget: busy } : { kind: 'granted', usd, outputTokens }
}

const millionths = (usd: number): number => Math.round(usd * 1e6)

/** An amount as people read it: `$4.97`, and small ones to the digits that they have. */
export const dollars = (usd: number): string => (usd >= 1 ? `$${usd.toFixed(2)}` : `$${Number(usd.toFixed(6))}`)
