import type { HistoryMessage, ToolSpec } from '../../../shared/contract/history.ts'
import { cutMiddle } from '../../../shared/domain/cut-middle.ts'
import { LIMITS } from '../../../shared/domain/limits.ts'
import { contextBytes } from '../../../shared/domain/model-context.ts'
import { utf8Length } from '../../../shared/domain/utf8.ts'
import type { Claim } from '../../../shared/runtime/task-store/types.ts'
import { askAside, asOutcome } from './ask.ts'
import type { RunDeps } from './deps.ts'
import { SUMMARIZE, summaryOf, transcript } from './summary-text.ts'

const { recentShare } = LIMITS.context

/** What a model is asked with. */
export interface Conversed {
  history: readonly HistoryMessage[]
  system: string
  tools: readonly ToolSpec[]
}

/** How many bytes of history fit beside the rest into the context of a model that takes in so many tokens. */
export const roomFor = (tokens: number, { system, tools }: Omit<Conversed, 'history'>): number =>
  Math.max(LIMITS.context.leastBytes, contextBytes(tokens) - utf8Length(system) - utf8Length(JSON.stringify(tools)))

export const historyBytes = (history: readonly HistoryMessage[]): number =>
  history.reduce((sum, message) => sum + bytesOf(message), 0)

/**
 * The history with its older part, but for the first message, as a summary that the model itself has written; stored, so that a resumed
 * run goes on with it. Null where there is nothing to leave out. Throws what `askModel` does.
 * @param room bytes that fit into the model's context
 */
export async function compacted(
  deps: RunDeps,
  claim: Claim,
  { history, room }: { history: readonly HistoryMessage[]; room: number },
  signal: AbortSignal,
): Promise<HistoryMessage[] | null> {
  const [first] = history
  const from = recentFrom(history, (room - (first ? bytesOf(first) : 0)) * recentShare)
  const older = history.slice(1, from)
  // One message alone, perhaps a summary already, would only be told in other words.
  if (!first || older.length < 2) return null
  const { model, taskId } = claim
  const text = cutMiddle(transcript([first, ...older]), { headBytes: room / 2, tailBytes: room / 3 })
  const question = { purpose: 'summary', model, system: SUMMARIZE, text } as const
  const reply = await askAside(deps, claim, question, signal).catch((error: unknown) => {
    signal.throwIfAborted()
    throw asOutcome(error, model)
  })
  const summary = summaryOf(reply.text, older)
  const recent = history.slice(from)
  await deps.store.summarize(claim, { text: summary, keep: recent.length })
  deps.log.info({ taskId, older: older.length, kept: recent.length }, 'history.compacted')
  return [first, { role: 'user', text: summary }, ...recent]
}

/** Where the recent messages begin that fit into so many bytes: at least the last exchange, and never between a call and its result. */
export function recentFrom(history: readonly HistoryMessage[], bytes: number): number {
  const begins = (at: number) => history[at]?.role !== 'tool'
  let from = history.length
  let left = bytes
  for (let at = history.length - 1; at > 0; at--) {
    left -= bytesOf(history[at]!)
    if (left < 0 && from < history.length) break
    if (begins(at)) from = at
  }
  return from
}

/**
 * The history as it fits into so many bytes: the longest results and messages are cut in the middle, as evenly as that takes. What is
 * stored stays whole.
 */
export function fitted(history: readonly HistoryMessage[], room: number): readonly HistoryMessage[] {
  if (historyBytes(history) <= room) return history
  let [low, high] = [MIN_TEXT_BYTES, room]
  while (high - low > MIN_TEXT_BYTES) {
    const middle = Math.floor((low + high) / 2)
    if (historyBytes(withTexts(history, middle)) <= room) low = middle
    else high = middle
  }
  return withTexts(history, low)
}

const MIN_TEXT_BYTES = 1_024

function withTexts(history: readonly HistoryMessage[], most: number): HistoryMessage[] {
  const cut = (text: string) =>
    cutMiddle(
      text,
      { headBytes: most / 2, tailBytes: most / 2 },
      bytes => `${bytes} bytes left out, as the conversation is too long for the model`,
    )
  return history.map(message => {
    if (message.role === 'user') return { ...message, text: cut(message.text) }
    if (message.role === 'assistant') return message
    return { ...message, results: message.results.map(result => ({ ...result, text: cut(result.text) })) }
  })
}

/** About what a message takes of a model's context. */
function bytesOf(message: HistoryMessage): number {
  if (message.role === 'user') return utf8Length(message.text)
  if (message.role === 'tool') return message.results.reduce((sum, { text }) => sum + utf8Length(text), 0)
  const said = utf8Length(message.text) + utf8Length(JSON.stringify(message.calls))
  // It repeats the text, and adds what the model thought.
  const kept = message.providerMetadata === undefined ? 0 : utf8Length(JSON.stringify(message.providerMetadata))
  return Math.max(said, kept)
}
