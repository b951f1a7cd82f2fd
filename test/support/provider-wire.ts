/** The wire formats of the providers: what a request says, and how a reply is streamed as server-sent events. */

export type WireFormat = 'chat' | 'responses' | 'anthropic' | 'google'

/** One part of a scripted reply: text, reasoning with its signature, or a call whose arguments may be raw JSON text. */
export type ReplyPart =
  | string
  | { reasoning: string; signature: string }
  | { name: string; args: unknown; id?: string; signature?: string }

export type WireUsage = { input: number; output: number; cached?: number }
export type Finish = 'stop' | 'length'

/** What the model is shown, whatever the format. */
export type WireMessage = {
  role: 'user' | 'assistant' | 'tool'
  text: string
  calls: { id: string; name: string; args: unknown }[]
  results: { id: string; name: string; text: string }[]
}

type Json = Record<string, unknown>
type Reply = { parts: ReplyPart[]; usage: WireUsage; finish: Finish; n: number }

const isCall = (part: ReplyPart): part is Extract<ReplyPart, { name: string }> =>
  typeof part === 'object' && 'name' in part
const rawArgs = (args: unknown): string => (typeof args === 'string' ? args : JSON.stringify(args))
const callId = (part: { id?: string }, n: number, index: number): string => part.id ?? `call_${n}_${index}`

/** Cuts a text into a few pieces, also inside of words, as providers do. */
const pieces = (text: string): string[] => {
  const size = Math.max(1, Math.ceil(text.length / 3))
  return Array.from({ length: Math.ceil(text.length / size) }, (_, at) => text.slice(at * size, (at + 1) * size))
}

const data = (value: unknown): string => `data: ${JSON.stringify(value)}\n\n`
const event = (value: Json): string => `event: ${value.type}\n${data(value)}`

const chatEvents = ({ parts, usage, finish, n }: Reply): string[] => {
  const head = { id: `chatcmpl-${n}`, object: 'chat.completion.chunk', created: 1_700_000_000, model: 'scripted' }
  const chunk = (delta: Json, reason: string | null = null) =>
    data({ ...head, choices: [{ index: 0, delta, finish_reason: reason }] })
  const events = [chunk({ role: 'assistant', content: '' })]
  let index = 0
  for (const part of parts) {
    if (typeof part === 'string') events.push(...pieces(part).map(content => chunk({ content })))
    else if (isCall(part)) {
      const call = { index, id: callId(part, n, index), type: 'function', function: { name: part.name, arguments: '' } }
      events.push(chunk({ tool_calls: [call] }))
      for (const piece of pieces(rawArgs(part.args))) {
        events.push(chunk({ tool_calls: [{ index, function: { arguments: piece } }] }))
      }
      index++
    } else events.push(chunk({ reasoning_content: part.reasoning }))
  }
  events.push(chunk({}, finish === 'length' ? 'length' : index > 0 ? 'tool_calls' : 'stop'))
  const total = usage.input + usage.output
  const counts = { prompt_tokens: usage.input, completion_tokens: usage.output, total_tokens: total }
  const details = usage.cached ? { prompt_tokens_details: { cached_tokens: usage.cached } } : {}
  return [...events, data({ ...head, choices: [], usage: { ...counts, ...details } }), 'data: [DONE]\n\n']
}

const responsesEvents = ({ parts, usage, finish, n }: Reply): string[] => {
  const response = { id: `resp_${n}`, object: 'response', created_at: 1_700_000_000, model: 'scripted', output: [] }
  const events = [
    event({ type: 'response.created', response: { ...response, status: 'in_progress' } }),
    event({ type: 'response.in_progress', response: { ...response, status: 'in_progress' } }),
  ]
  for (const [index, part] of parts.entries()) {
    const added = (item: Json) => events.push(event({ type: 'response.output_item.added', output_index: index, item }))
    const done = (item: Json) => events.push(event({ type: 'response.output_item.done', output_index: index, item }))
    if (typeof part === 'string') {
      const id = `msg_${n}_${index}`
      added({ type: 'message', id, status: 'in_progress', role: 'assistant', content: [] })
      const at = { item_id: id, output_index: index, content_index: 0 }
      for (const delta of pieces(part)) events.push(event({ type: 'response.output_text.delta', ...at, delta }))
      events.push(event({ type: 'response.output_text.done', ...at, text: part }))
      const content = [{ type: 'output_text', text: part, annotations: [] }]
      done({ type: 'message', id, status: 'completed', role: 'assistant', content })
    } else if (isCall(part)) {
      const item = { type: 'function_call', id: `fc_${n}_${index}`, call_id: callId(part, n, index), name: part.name }
      added({ ...item, arguments: '', status: 'in_progress' })
      for (const delta of pieces(rawArgs(part.args))) {
        const at = { item_id: item.id, output_index: index }
        events.push(event({ type: 'response.function_call_arguments.delta', ...at, delta }))
      }
      done({ ...item, arguments: rawArgs(part.args), status: 'completed' })
    } else {
      const item = { type: 'reasoning', id: `rs_${n}_${index}`, summary: [], encrypted_content: part.signature }
      added(item)
      done(item)
    }
  }
  const counts = {
    input_tokens: usage.input,
    input_tokens_details: { cached_tokens: usage.cached ?? 0 },
    output_tokens: usage.output,
    output_tokens_details: { reasoning_tokens: 0 },
    total_tokens: usage.input + usage.output,
  }
  const cut = finish === 'length'
  events.push(
    event({
      type: cut ? 'response.incomplete' : 'response.completed',
      response: {
        ...response,
        status: cut ? 'incomplete' : 'completed',
        incomplete_details: cut ? { reason: 'max_output_tokens' } : null,
        usage: counts,
      },
    }),
  )
  return events
}

const anthropicEvents = ({ parts, usage, finish, n }: Reply): string[] => {
  const cached = usage.cached ?? 0
  const counts = { input_tokens: usage.input - cached, cache_read_input_tokens: cached, cache_creation_input_tokens: 0 }
  const message = { id: `msg_${n}`, type: 'message', role: 'assistant', model: 'scripted', content: [] }
  const events = [
    event({
      type: 'message_start',
      message: { ...message, stop_reason: null, stop_sequence: null, usage: { ...counts, output_tokens: 1 } },
    }),
    event({ type: 'ping' }),
  ]
  for (const [index, part] of parts.entries()) {
    const start = (block: Json) => events.push(event({ type: 'content_block_start', index, content_block: block }))
    const delta = (value: Json) => events.push(event({ type: 'content_block_delta', index, delta: value }))
    if (typeof part === 'string') {
      start({ type: 'text', text: '' })
      for (const text of pieces(part)) delta({ type: 'text_delta', text })
    } else if (isCall(part)) {
      start({ type: 'tool_use', id: callId(part, n, index), name: part.name, input: {} })
      for (const partial_json of pieces(rawArgs(part.args))) delta({ type: 'input_json_delta', partial_json })
    } else {
      start({ type: 'thinking', thinking: '', signature: '' })
      for (const thinking of pieces(part.reasoning)) delta({ type: 'thinking_delta', thinking })
      delta({ type: 'signature_delta', signature: part.signature })
    }
    events.push(event({ type: 'content_block_stop', index }))
  }
  const reason = finish === 'length' ? 'max_tokens' : parts.some(isCall) ? 'tool_use' : 'end_turn'
  const delta = { stop_reason: reason, stop_sequence: null }
  events.push(event({ type: 'message_delta', delta, usage: { output_tokens: usage.output } }))
  return [...events, event({ type: 'message_stop' })]
}

const googleEvents = ({ parts, usage, finish, n }: Reply): string[] => {
  const chunk = (part: Json | null, reason?: string) =>
    data({
      candidates: [
        {
          index: 0,
          content: { role: 'model', parts: part ? [part] : [] },
          ...(reason ? { finishReason: reason } : {}),
        },
      ],
      usageMetadata: {
        promptTokenCount: usage.input,
        candidatesTokenCount: usage.output,
        totalTokenCount: usage.input + usage.output,
        ...(usage.cached ? { cachedContentTokenCount: usage.cached } : {}),
      },
      modelVersion: 'scripted',
      responseId: `google-${n}`,
    })
  const events = parts.flatMap(part => {
    if (typeof part === 'string') return pieces(part).map(text => chunk({ text }))
    if (!isCall(part)) return [chunk({ text: part.reasoning, thought: true, thoughtSignature: part.signature })]
    const functionCall = { name: part.name, args: part.args, ...(part.id ? { id: part.id } : {}) }
    return [chunk({ functionCall, ...(part.signature ? { thoughtSignature: part.signature } : {}) })]
  })
  return [...events, chunk(null, finish === 'length' ? 'MAX_TOKENS' : 'STOP')]
}

/** The events of a whole reply, in order; the first half of them is no complete reply in any format. */
export const replyEvents: Record<WireFormat, (reply: Reply) => string[]> = {
  chat: chatEvents,
  responses: responsesEvents,
  anthropic: anthropicEvents,
  google: googleEvents,
}

/** An error body as the provider words it. */
export const errorBody = (format: WireFormat, status: number, message: string): Json => {
  if (format === 'anthropic') return { type: 'error', error: { type: anthropicType(status), message } }
  if (format === 'google')
    return { error: { code: status, message, status: status === 429 ? 'RESOURCE_EXHAUSTED' : 'ERROR' } }
  return { error: { message, type: status === 429 ? 'rate_limit_exceeded' : 'error', param: null, code: null } }
}

const anthropicType = (status: number): string =>
  ({ 400: 'invalid_request_error', 401: 'authentication_error', 429: 'rate_limit_error', 529: 'overloaded_error' })[
    status
  ] ?? 'api_error'

/** An error in the middle of a stream. */
export const errorEvent = (format: WireFormat, message: string): string => {
  if (format === 'anthropic') return event({ type: 'error', error: { type: 'overloaded_error', message } })
  if (format === 'responses')
    return event({ type: 'error', code: 'server_error', message, param: null, sequence_number: 9 })
  return data(errorBody(format, 503, message))
}
