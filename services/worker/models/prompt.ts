import type { ModelMessage } from 'ai'
import {
  type AssistantMessage,
  type HistoryMessage,
  INTERRUPTED_RESULT,
  type ToolCall,
} from '../../../shared/contract/history.ts'
import { storedParts } from './metadata.ts'
import type { ProviderName } from './model-name.ts'
import { resultsAfter } from './results.ts'

type AssistantPart = Exclude<Extract<ModelMessage, { role: 'assistant' }>['content'], string>[number]
type ToolMessage = Extract<ModelMessage, { role: 'tool' }>

/** Anthropic's marker: what stands up to here is kept in its prompt cache. At most four in a request. */
export const CACHE = { anthropic: { cacheControl: { type: 'ephemeral' } } } as const

/** Providers refuse unpaired surrogates, which a text cut in the middle can have. */
const clean = (text: string): string => text.toWellFormed()
const isBlank = (text: string): boolean => text.trim() === ''

/** The characters and length that every provider takes in tool names; a model may have invented others. */
const wireName = (name: string): string =>
  clean(name)
    .replace(/[^\w-]/g, '_')
    .slice(0, 64) || 'unnamed'

/** Ids as the provider made them are kept; ids of another provider may have characters that this one refuses. */
const wireId = (id: string, provider: ProviderName): string =>
  provider === 'openai-compatible' ? id : id.replace(/[^\w-]/g, '_')

const callPart = (call: ToolCall, provider: ProviderName): Extract<AssistantPart, { type: 'tool-call' }> => ({
  type: 'tool-call',
  toolCallId: wireId(call.id, provider),
  toolName: wireName(call.name),
  // A malformed call is shown as one without arguments; its result says what was wrong with them.
  input: call.args ?? {},
})

const assistantParts = (message: AssistantMessage, provider: ProviderName): AssistantPart[] => {
  const stored = storedParts(message.providerMetadata, provider)
  const calls = new Map(message.calls.map(call => [call.id, call]))
  const parts: AssistantPart[] = []
  for (const part of stored ?? [{ type: 'text' as const, text: message.text, options: undefined }]) {
    const options = part.options ? { providerOptions: part.options } : {}
    if (part.type === 'call') {
      const call = calls.get(part.id)
      if (call) parts.push({ ...callPart(call, provider), ...options })
      calls.delete(part.id)
    } else if (part.type === 'reasoning') {
      parts.push({ type: 'reasoning', text: clean(part.text), ...options })
    } else if (!isBlank(part.text) || part.options) {
      parts.push({ type: 'text', text: clean(part.text), ...options })
    }
  }
  return [...parts, ...[...calls.values()].map(call => callPart(call, provider))]
}

/** One result for every call, in the calls' order: providers refuse a call without one and a result without a call. */
const toolMessage = (message: AssistantMessage, results: Map<string, string>, provider: ProviderName): ToolMessage => ({
  role: 'tool',
  content: message.calls.map(call => {
    const text = clean(results.get(call.id) ?? INTERRUPTED_RESULT)
    // Only Anthropic has a flag for errors; for others the AI SDK would wrap the text.
    const type = provider === 'anthropic' && text.startsWith('Error:') ? 'error-text' : 'text'
    return {
      type: 'tool-result',
      toolCallId: wireId(call.id, provider),
      toolName: wireName(call.name),
      output: { type, value: isBlank(text) ? '(no output)' : text },
    }
  }),
})

/**
 * The history in the AI SDK's words, for one provider. A call without a result is answered with the interruption
 * notice and a result without a call is left out, so that no history can make a request that is refused for its shape.
 */
export const toMessages = (history: readonly HistoryMessage[], provider: ProviderName): ModelMessage[] => {
  const messages: ModelMessage[] = []
  for (const [index, message] of history.entries()) {
    if (message.role === 'user') {
      messages.push({ role: 'user', content: isBlank(message.text) ? '(empty message)' : clean(message.text) })
    } else if (message.role === 'assistant') {
      const content = assistantParts(message, provider)
      if (content.length > 0) messages.push({ role: 'assistant', content })
      if (message.calls.length > 0) messages.push(toolMessage(message, resultsAfter(history, index), provider))
    }
  }
  if (provider === 'anthropic') {
    // Two marks: what this request writes to the cache, and what the one before it wrote.
    for (const message of messages.filter(each => each.role !== 'assistant').slice(-2)) message.providerOptions = CACHE
  }
  return messages
}
