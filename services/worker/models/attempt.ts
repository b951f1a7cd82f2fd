import { jsonSchema, streamText, tool } from 'ai'
import type { HistoryMessage, ModelReply, ToolSpec, Usage } from '../../../shared/contract/history.ts'
import { type RawCall, readCalls } from './calls.ts'
import { BrokenReply, FilteredReply, innermost } from './faults.ts'
import type { StoredPart, StoredReply } from './metadata.ts'
import type { ProviderName } from './model-name.ts'
import { CACHE, toMessages } from './prompt.ts'
import type { Fetch, LanguageModel } from './providers.ts'
import { createWatch, type StallLimits } from './watch.ts'

export type AttemptRequest = {
  provider: ProviderName
  /** Makes the model on a given `fetch`, so that the attempt sees every byte that arrives. */
  model: (fetch: Fetch) => LanguageModel
  system: string
  history: readonly HistoryMessage[]
  tools: readonly ToolSpec[]
  signal: AbortSignal
  limits: StallLimits & { replyChars: number }
  maxOutputTokens?: number | undefined
  onText: (text: string) => void
}

type Stream = ReturnType<typeof streamText>['stream']
type Chunk = Stream extends AsyncIterable<infer C> ? C : never
type Options = StoredPart['options']
type Collected = {
  parts: (StoredPart & { key?: string })[]
  calls: RawCall[]
  finish?: Extract<Chunk, { type: 'finish-step' }>
}

const offered = (tools: readonly ToolSpec[]) =>
  Object.fromEntries(
    // A description and a schema, no `execute`: calls are carried out by the worker, not by the AI SDK.
    tools.map(each => [each.name, tool({ description: each.description, inputSchema: jsonSchema(each.parameters) })]),
  )

/** The part that a chunk belongs to; it is begun where the provider did not say so. */
const partOf = (collected: Collected, type: 'text' | 'reasoning', key: string) => {
  const last = collected.parts.findLast(part => part.key === key && part.type === type)
  if (last && last.type === type) return last
  const part = { type, key, text: '', options: undefined as Options }
  collected.parts.push(part)
  return part
}

/** Adds one chunk to what was collected. Throws what the provider reported as an error. */
const collect = (collected: Collected, chunk: Chunk, onText: (text: string) => void): void => {
  switch (chunk.type) {
    case 'text-start':
    case 'reasoning-start':
      collected.parts.push({
        type: chunk.type === 'text-start' ? 'text' : 'reasoning',
        key: chunk.id,
        text: '',
        options: chunk.providerMetadata as Options,
      })
      return
    case 'text-delta':
    case 'reasoning-delta':
    case 'text-end':
    case 'reasoning-end': {
      const isText = chunk.type === 'text-delta' || chunk.type === 'text-end'
      const part = partOf(collected, isText ? 'text' : 'reasoning', chunk.id)
      if ('text' in chunk) part.text += chunk.text
      if (chunk.providerMetadata) part.options = chunk.providerMetadata as Options
      if (chunk.type === 'text-delta' && chunk.text !== '') onText(chunk.text)
      return
    }
    case 'tool-call': {
      // A tool that ran at the provider (web search …) is none of ours: none is offered.
      if (chunk.providerExecuted) return
      const invalid = chunk.invalid ? innermost(chunk.error) : undefined
      collected.parts.push({ type: 'call', id: chunk.toolCallId, options: chunk.providerMetadata as Options })
      collected.calls.push({ id: chunk.toolCallId, name: chunk.toolName, input: chunk.input, invalid })
      return
    }
    case 'finish-step':
      collected.finish = chunk
      return
    case 'error':
      throw chunk.error
  }
}

const usageOf = (finish: NonNullable<Collected['finish']>): Usage => {
  const { inputTokens, outputTokens, inputTokenDetails } = finish.usage
  const count = (tokens: number | undefined) => Math.max(0, Math.round(tokens ?? 0))
  return {
    inputTokens: count(inputTokens),
    outputTokens: count(outputTokens),
    ...(inputTokenDetails.cacheReadTokens ? { cachedInputTokens: count(inputTokenDetails.cacheReadTokens) } : {}),
    ...(inputTokenDetails.cacheWriteTokens ? { cacheWriteInputTokens: count(inputTokenDetails.cacheWriteTokens) } : {}),
  }
}

/** Text that Postgres can store. */
const storable = (text: string): string => text.replaceAll('\0', '').toWellFormed()

const idsOf = (history: readonly HistoryMessage[]): Set<string> =>
  new Set(history.flatMap(message => (message.role === 'assistant' ? message.calls.map(call => call.id) : [])))

/** Makes a reply of what was collected, if the provider finished it cleanly; a half answer is never used. */
const finished = (collected: Collected, request: AttemptRequest): ModelReply => {
  const { finish, parts } = collected
  if (!finish) throw new BrokenReply('The stream ended before the reply was complete.')
  if (finish.finishReason === 'content-filter') {
    throw new FilteredReply(`The provider's filter stopped the reply (${finish.rawFinishReason ?? 'no reason given'}).`)
  }
  const cut = finish.finishReason === 'other' && finish.rawFinishReason === undefined
  if (cut || !['stop', 'length', 'tool-calls', 'other'].includes(finish.finishReason)) {
    throw new BrokenReply(`The reply was not complete (${finish.rawFinishReason ?? finish.finishReason}).`)
  }
  const calls = readCalls(collected.calls, request.tools, idsOf(request.history))
  let nextCall = 0
  const stored: StoredReply = {
    provider: request.provider,
    parts: parts.map(({ key: _, ...part }) =>
      part.type === 'call' ? { ...part, id: calls[nextCall++]!.id } : { ...part, text: storable(part.text) },
    ),
  }
  return {
    text: parts.map(part => (part.type === 'text' ? storable(part.text) : '')).join(''),
    calls,
    usage: usageOf(finish),
    ...(finish.finishReason === 'length' ? { truncated: true } : {}),
    providerMetadata: JSON.parse(JSON.stringify(stored)),
  }
}

/**
 * Asks the provider once and reads the stream to its end. Throws what went wrong as the AI SDK gives it, or
 * BrokenReply for a reply that stalled, was cut or grew beyond the limit; `readFault` reads both.
 */
export const attempt = async (request: AttemptRequest): Promise<ModelReply> => {
  const { provider, system, history, tools, signal, limits } = request
  const watch = createWatch(limits, signal)
  const result = streamText({
    model: request.model(watch.fetch),
    ...(system === ''
      ? {}
      : {
          instructions: {
            role: 'system',
            content: system.toWellFormed(),
            ...(provider === 'anthropic' ? { providerOptions: CACHE } : {}),
          },
        }),
    messages: toMessages(history, provider),
    ...(tools.length > 0 ? { tools: offered(tools) } : {}),
    // Nothing is kept at OpenAI, so the items go back whole, reasoning encrypted, instead of as references.
    providerOptions: { openai: { store: false } },
    ...(request.maxOutputTokens === undefined ? {} : { maxOutputTokens: request.maxOutputTokens }),
    maxRetries: 0,
    abortSignal: watch.signal,
    // The default prints to the console.
    onError: () => {},
  })
  const reader = result.stream.getReader()
  const collected: Collected = { parts: [], calls: [] }
  let chars = 0
  try {
    for (;;) {
      const next = await Promise.race([reader.read(), watch.stopped])
      if (next.done) return finished(collected, request)
      const chunk: Chunk = next.value
      if (chunk.type === 'abort') return await watch.stopped
      const size = chunk.type === 'tool-input-delta' ? chunk.delta.length : 'text' in chunk ? chunk.text.length : 0
      if (size > 0) watch.output()
      chars += size
      if (chars > limits.replyChars) throw new BrokenReply(`The reply is longer than ${limits.replyChars} characters.`)
      collect(collected, chunk, request.onText)
    }
  } finally {
    watch.end()
    reader.cancel().catch(() => {})
  }
}
