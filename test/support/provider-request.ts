import type { WireFormat, WireMessage } from './provider-wire.ts'

type Json = Record<string, unknown>
export type ReadRequest = { system: string; messages: WireMessage[]; tools: string[] }

const list = (value: unknown): Json[] => (Array.isArray(value) ? (value as Json[]) : [])
const record = (value: unknown): Json => (typeof value === 'object' && value !== null ? (value as Json) : {})

/** Text of a string or of content parts with `text`. */
const textOf = (content: unknown): string =>
  typeof content === 'string'
    ? content
    : list(content)
        .map(part => (typeof part.text === 'string' ? part.text : ''))
        .join('')

const parseArgs = (value: unknown): unknown => (typeof value === 'string' ? JSON.parse(value) : value)
const message = (role: WireMessage['role'], text = ''): WireMessage => ({ role, text, calls: [], results: [] })

/** Appends to the last message where that has the role, as formats without messages around calls need. */
const into = (messages: WireMessage[], role: WireMessage['role']): WireMessage => {
  const last = messages.at(-1)
  if (last?.role === role) return last
  const next = message(role)
  messages.push(next)
  return next
}

const readChat = (body: Json): ReadRequest => {
  const messages: WireMessage[] = []
  let system = ''
  for (const each of list(body.messages)) {
    if (each.role === 'system') system += textOf(each.content)
    else if (each.role === 'tool') {
      const id = String(each.tool_call_id)
      into(messages, 'tool').results.push({ id, name: '', text: textOf(each.content) })
    } else {
      const next = message(each.role as WireMessage['role'], textOf(each.content))
      next.calls = list(each.tool_calls).map(call => {
        const made = record(call.function)
        return { id: String(call.id), name: String(made.name), args: parseArgs(made.arguments) }
      })
      messages.push(next)
    }
  }
  return { system, messages, tools: list(body.tools).map(tool => String(record(tool.function).name)) }
}

const readResponses = (body: Json): ReadRequest => {
  const messages: WireMessage[] = []
  let system = typeof body.instructions === 'string' ? body.instructions : ''
  for (const item of list(body.input)) {
    if (item.role === 'system' || item.role === 'developer') system += textOf(item.content)
    else if (item.role === 'user') messages.push(message('user', textOf(item.content)))
    else if (item.role === 'assistant') into(messages, 'assistant').text += textOf(item.content)
    else if (item.type === 'function_call') {
      const call = { id: String(item.call_id), name: String(item.name), args: parseArgs(item.arguments) }
      into(messages, 'assistant').calls.push(call)
    } else if (item.type === 'function_call_output') {
      into(messages, 'tool').results.push({ id: String(item.call_id), name: '', text: textOf(item.output) })
    }
  }
  return { system, messages, tools: list(body.tools).map(tool => String(tool.name)) }
}

const readAnthropic = (body: Json): ReadRequest => {
  const messages: WireMessage[] = []
  for (const each of list(body.messages)) {
    const blocks = typeof each.content === 'string' ? [{ type: 'text', text: each.content }] : list(each.content)
    for (const block of blocks as Json[]) {
      if (block.type === 'text') into(messages, each.role as WireMessage['role']).text += block.text
      if (block.type === 'tool_use') {
        const call = { id: String(block.id), name: String(block.name), args: block.input }
        into(messages, 'assistant').calls.push(call)
      }
      if (block.type === 'tool_result') {
        into(messages, 'tool').results.push({ id: String(block.tool_use_id), name: '', text: textOf(block.content) })
      }
    }
  }
  return { system: textOf(body.system), messages, tools: list(body.tools).map(tool => String(tool.name)) }
}

const readGoogle = (body: Json): ReadRequest => {
  const messages: WireMessage[] = []
  for (const each of list(body.contents)) {
    const role = each.role === 'model' ? 'assistant' : 'user'
    for (const part of list(each.parts)) {
      if (typeof part.text === 'string' && part.thought !== true) into(messages, role).text += part.text
      if (part.functionCall) {
        const call = record(part.functionCall)
        into(messages, 'assistant').calls.push({ id: String(call.id ?? ''), name: String(call.name), args: call.args })
      }
      if (part.functionResponse) {
        const result = record(part.functionResponse)
        const response = record(result.response)
        const text = textOf(response.content ?? response.output ?? response.error)
        into(messages, 'tool').results.push({ id: String(result.id ?? ''), name: String(result.name), text })
      }
    }
  }
  const system = textOf(record(body.systemInstruction).parts)
  const tools = list(body.tools).flatMap(tool => list(tool.functionDeclarations).map(each => String(each.name)))
  return { system, messages, tools }
}

/** Reads a provider's request body as one shape: system text, messages, names of tools. */
export const readRequest: Record<WireFormat, (body: Json) => ReadRequest> = {
  chat: readChat,
  responses: readResponses,
  anthropic: readAnthropic,
  google: readGoogle,
}

/** The format that a path belongs to, or null. */
export const formatOf = (path: string): WireFormat | null => {
  if (path.endsWith('/chat/completions')) return 'chat'
  if (path.endsWith('/responses')) return 'responses'
  if (path.endsWith('/messages')) return 'anthropic'
  return path.includes(':streamGenerateContent') ? 'google' : null
}
