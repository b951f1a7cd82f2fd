import type { HistoryMessage } from '../../../shared/contract/history.ts'

/** The results that answer the assistant's message at `index`, by call id. */
export const resultsAfter = (history: readonly HistoryMessage[], index: number): Map<string, string> => {
  const results = new Map<string, string>()
  for (const message of history.slice(index + 1)) {
    if (message.role === 'assistant') break
    if (message.role !== 'tool') continue
    for (const result of message.results) results.set(result.callId, result.text)
  }
  return results
}
