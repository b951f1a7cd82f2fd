import type { Task } from '../../../../shared/contract/task.ts'

/** `$0.18`; what is less than a cent, but not nothing, as `<$0.01`. */
export function dollars(usd: number): string {
  if (usd > 0 && usd < 0.01) return '<$0.01'
  return `$${usd.toLocaleString('en', { minimumFractionDigits: 2, maximumFractionDigits: 2 })}`
}

/** `$0.18`, or `$0.18 of $2.00` where there is a budget; null where there is nothing to tell. */
export function moneyWords({ usageTotal, budgetUsd }: Pick<Task, 'usageTotal' | 'budgetUsd'>): string | null {
  if (budgetUsd !== null) return `${dollars(usageTotal.costUsd)} of ${dollars(budgetUsd)}`
  return usageTotal.costUsd > 0 ? dollars(usageTotal.costUsd) : null
}

/** Tokens in and out, as `12,300 in, 800 out`. */
export const tokenWords = ({ inputTokens, outputTokens }: Task['usage']): string =>
  `${inputTokens.toLocaleString('en')} in, ${outputTokens.toLocaleString('en')} out`

/** A budget raised by some dollars: above what is spent, so that the work goes on. To whole cents. */
export const raised = (budgetUsd: number, spentUsd: number, byUsd: number): number =>
  Math.round((Math.max(budgetUsd, spentUsd) + byUsd) * 100) / 100

/** What is typed as a budget: dollars to their millionth, null for none, or `wrong`. */
export function budgetFrom(text: string, most: number): number | null | 'wrong' {
  if (text.trim() === '') return null
  const usd = Number(text.trim().replace(/^\$/, ''))
  return usd > 0 && usd <= most ? Math.round(usd * 1e6) / 1e6 || 'wrong' : 'wrong'
}
