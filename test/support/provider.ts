import { createHash } from 'node:crypto'
import { once } from 'node:events'
import { createServer, type IncomingHttpHeaders, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { setTimeout as delay } from 'node:timers/promises'
import { formatOf, readRequest } from './provider-request.ts'
import {
  errorBody,
  errorEvent,
  type Finish,
  type ReplyPart,
  replyEvents,
  type WireFormat,
  type WireMessage,
  type WireUsage,
} from './provider-wire.ts'

export type { ReplyPart, WireMessage } from './provider-wire.ts'

/** What goes wrong with a reply. The first half is streamed before `cut` (connection lost), `ended` (a clean end
 * without the last events), `stall` (silence for ever) and `error-event`; `silent` sends nothing at all. */
export type Fault =
  | { status: number; retryAfter?: number | string; body?: string; message?: string }
  | 'cut'
  | 'ended'
  | 'stall'
  | 'silent'
  | 'error-event'
  | 'malformed-args'
  | 'unknown-tool'

/** A scripted reply: `parts` in order, or `text` and then `calls`. */
export type ScriptedReply = {
  parts?: ReplyPart[]
  text?: string
  calls?: { name: string; args: unknown; id?: string }[]
  usage?: WireUsage
  finish?: Finish
  /** Milliseconds between the pieces of the stream. */
  pauseMs?: number
  /** What comes after the first five events of the stream waits for this. */
  held?: Promise<unknown> | undefined
  fault?: Fault | undefined
}

export type ScriptedRequest = {
  format: WireFormat
  model: string
  system: string
  messages: WireMessage[]
  /** Names of the offered tools. */
  tools: string[]
  /** How many times this very conversation has been asked, this one included. */
  attempt: number
  /** How many requests there have been, this one included. */
  n: number
  headers: IncomingHttpHeaders
  /** The body as it came. */
  body: Record<string, unknown>
}

export type Script = (request: ScriptedRequest) => ScriptedReply | Promise<ScriptedReply>

export type ScriptedProvider = {
  url: string
  /** Base URLs and keys for the broker's configuration. */
  config: {
    anthropicApiKey: string
    anthropicBaseUrl: string
    openaiApiKey: string
    openaiBaseUrl: string
    googleApiKey: string
    googleBaseUrl: string
    openaiCompatibleApiKey: string
    openaiCompatibleBaseUrl: string
  }
  /** Every request so far. */
  requests: ScriptedRequest[]
  /** Faults that were really played, in order: a test of faults asserts that they happened. */
  faults: Fault[]
  /** Clients that hung up before their reply was complete. */
  hangUps: () => number
  close: () => Promise<void>
}

const USAGE: WireUsage = { input: 100, output: 20 }

const read = async (request: IncomingMessage): Promise<Record<string, unknown>> => {
  const chunks: Buffer[] = []
  for await (const chunk of request) chunks.push(chunk as Buffer)
  return JSON.parse(Buffer.concat(chunks).toString())
}

const partsOf = (reply: ScriptedReply): ReplyPart[] => {
  const parts = reply.parts ?? [...(reply.text === undefined ? [] : [reply.text]), ...(reply.calls ?? [])]
  const spoil = (call: Extract<ReplyPart, { name: string }>): ReplyPart => {
    if (reply.fault === 'malformed-args') return { ...call, args: '{"path": "a.txt", "content": ' }
    return reply.fault === 'unknown-tool' ? { ...call, name: 'no_such_tool' } : call
  }
  return parts.map(part => (typeof part === 'object' && 'name' in part ? spoil(part) : part))
}

const refuse = (response: ServerResponse, format: WireFormat, fault: Extract<Fault, { status: number }>): void => {
  const { status, retryAfter, body, message = `scripted ${status}` } = fault
  const headers = retryAfter === undefined ? {} : { 'retry-after': String(retryAfter) }
  response.writeHead(status, { 'content-type': 'application/json', ...headers })
  response.end(body ?? JSON.stringify(errorBody(format, status, message)))
}

const write = async (
  response: ServerResponse,
  events: string[],
  { pauseMs = 0, held }: Pick<ScriptedReply, 'pauseMs' | 'held'>,
): Promise<void> => {
  for (const [index, event] of events.entries()) {
    if (index === 5) await held
    if (pauseMs > 0) await delay(pauseMs)
    // One write each, so that they arrive as pieces.
    await new Promise<void>(resolve => response.write(event, () => resolve()))
  }
}

const play = async (response: ServerResponse, request: ScriptedRequest, reply: ScriptedReply): Promise<void> => {
  const { format, n } = request
  const { fault, usage = USAGE, finish = 'stop' } = reply
  if (typeof fault === 'object') return refuse(response, format, fault)
  if (fault === 'silent') return
  response.writeHead(200, { 'content-type': 'text/event-stream' })
  const events = replyEvents[format]({ parts: partsOf(reply), usage, finish, n })
  const broken = fault === 'cut' || fault === 'ended' || fault === 'stall' || fault === 'error-event'
  await write(response, broken ? events.slice(0, Math.ceil(events.length / 2)) : events, reply)
  if (fault === 'cut') response.destroy()
  else if (fault === 'error-event') response.end(errorEvent(format, 'Overloaded'))
  else if (fault !== 'stall') response.end()
}

/**
 * A model provider on a loopback port that speaks the streaming wire formats of OpenAI (chat completions, as
 * compatible servers do, and responses), Anthropic and Google, and says what `script` says.
 */
export const startProvider = async (script: Script): Promise<ScriptedProvider> => {
  const requests: ScriptedRequest[] = []
  const faults: Fault[] = []
  const asked = new Map<string, number>()
  let hangUps = 0

  const answer = async (incoming: IncomingMessage, response: ServerResponse): Promise<void> => {
    const path = incoming.url?.split('?', 1)[0] ?? ''
    const format = formatOf(path)
    if (!format) {
      response.writeHead(404).end()
      return
    }
    let cut = false
    response.on('close', () => {
      if (!response.writableEnded && !cut) hangUps++
    })
    const body = await read(incoming)
    const model =
      typeof body.model === 'string' ? body.model : decodeURIComponent(path.split('/').at(-1)!.split(':')[0]!)
    const said = readRequest[format](body)
    const digest = createHash('sha256')
      .update(JSON.stringify([format, model, said]))
      .digest('hex')
    const attempt = (asked.get(digest) ?? 0) + 1
    asked.set(digest, attempt)
    const request = { format, model, ...said, attempt, n: requests.length + 1, headers: incoming.headers, body }
    requests.push(request)
    const reply = await script(request)
    if (reply.fault !== undefined) faults.push(reply.fault)
    cut = reply.fault === 'cut'
    await play(response, request, reply)
  }

  const server = createServer((incoming, response) => {
    answer(incoming, response).catch((error: unknown) => {
      // A mistake in a script shows up as a refusal with its words.
      if (!response.headersSent) response.writeHead(400, { 'content-type': 'application/json' })
      response.end(JSON.stringify({ error: { message: `script failed: ${String(error)}` } }))
    })
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
  return {
    url,
    config: {
      anthropicApiKey: 'secret-anthropic-0001',
      anthropicBaseUrl: `${url}/v1`,
      openaiApiKey: 'secret-openai-0002',
      openaiBaseUrl: `${url}/v1`,
      googleApiKey: 'secret-google-0003',
      googleBaseUrl: `${url}/v1beta`,
      openaiCompatibleApiKey: 'secret-compatible-0004',
      openaiCompatibleBaseUrl: `${url}/v1`,
    },
    requests,
    faults,
    hangUps: () => hangUps,
    close: async () => {
      if (!server.listening) return
      server.closeAllConnections()
      server.close()
      await once(server, 'close')
    },
  }
}
