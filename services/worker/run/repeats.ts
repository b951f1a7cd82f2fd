import { type HistoryMessage, isInterrupted, type ToolCall, type ToolResult } from '../../../shared/contract/history.ts'
import { LIMITS } from '../../../shared/domain/limits.ts'
import { summarize } from './summary.ts'

const { repeatsBeforeHint, repeatsBeforeStop } = LIMITS.tools
const HINT = '\n[Repeated: '

/** How often the agent has made its last call in a row, with the same result. */
export interface Repeats {
  count: number
  call: ToolCall | null
}

/**
 * Counts the identical calls at the end of a history: same tool, same arguments, same result but for how long it took. What a person
 * or the system says in between begins the count anew; what nobody knows the outcome of does not count.
 */
export function repeatsIn(history: readonly HistoryMessage[]): Repeats {
  let count = 0
  let last: { call: ToolCall; print: string } | null = null
  for (const { call, result } of callsFromEnd(history)) {
    if (isInterrupted(result.text)) continue
    const print = fingerprint(call, result)
    last ??= { call, print }
    if (print !== last.print) break
    count++
  }
  return { count, call: last?.call ?? null }
}

/** The results of a reply's calls, with a hint behind each that has come out the same several times in a row. */
export function withHints(
  history: readonly HistoryMessage[],
  results: Extract<HistoryMessage, { role: 'tool' }>,
): Extract<HistoryMessage, { role: 'tool' }> {
  const hinted: ToolResult[] = []
  for (const result of results.results) {
    const { count } = repeatsIn([...history, { role: 'tool', results: [...hinted, result] }])
    const text = count >= repeatsBeforeHint && !isInterrupted(result.text) ? result.text + hint(count) : result.text
    hinted.push({ ...result, text })
  }
  return { role: 'tool', results: hinted }
}

/** Whether the agent has been doing the same for so long that it is to be stopped. */
export const isStuck = ({ count }: Repeats): boolean => count >= repeatsBeforeStop

/** What the task's reader is told of an agent that was stopped for it. */
export function stuckMessage({ count, call }: Repeats): string {
  const what = call ? `${call.name}: ${summarize(call)}` : 'one call'
  return `The agent made the same call ${count} times in a row and got the same result each time (${what}). It was stopped, so that it does not go on for nothing. Its work so far is kept: say in the thread what it should do instead, or retry.`
}

const hint = (count: number): string =>
  `${HINT}this is result ${count} in a row of the same call with the same arguments, and it is the same each time. Do something else: look for the cause, try another way, or stop and say what is in the way.]`

/** Answered calls, the last first, back to the last message that is none of the agent's. */
function* callsFromEnd(history: readonly HistoryMessage[]): Generator<{ call: ToolCall; result: ToolResult }> {
  let results = new Map<string, ToolResult>()
  for (const message of history.toReversed()) {
    if (message.role === 'user') return
    if (message.role === 'tool') {
      results = new Map(message.results.map(result => [result.callId, result]))
      continue
    }
    for (const call of message.calls.toReversed()) {
      const result = results.get(call.id)
      if (result) yield { call, result }
    }
  }
}

/** Of the last line how long it took is left out, and of the whole our hint. */
function fingerprint({ name, args, error }: ToolCall, { text }: ToolResult): string {
  const at = text.lastIndexOf(HINT)
  const own = at < 0 ? text : text.slice(0, at)
  return JSON.stringify([name, args ?? error, own.replace(/, [\d.]+s\]$/, ']')])
}
