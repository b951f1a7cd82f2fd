import { type IncomingMessage, request as requestHttp } from 'node:http'
import { request as requestHttps } from 'node:https'
import type { LookupFunction } from 'node:net'
import { Readable } from 'node:stream'
import { LIMITS } from '../../../../shared/domain/limits.ts'
import { type Address, type Lookup, publicAddresses } from '../../../../shared/runtime/public-address.ts'

export interface GuardDeps {
  /** Whether addresses within the installation's own network may be reached. */
  allowLocal: boolean
  lookup?: Lookup
  /** Most bytes of an answer. */
  maxBytes?: number
}

const REDIRECTS = 3
const REDIRECTING = new Set([301, 302, 307, 308])
const NO_BODY = new Set([204, 205, 304])

/**
 * A `fetch` for addresses that people of a project give: connects to public addresses only, to those that were looked at, and
 * follows redirects within the same origin alone. Answers are bounded. It opens no stream of events that nobody asked for (GET).
 */
export function createGuardedFetch(deps: GuardDeps): typeof globalThis.fetch {
  return async (input, init = {}) => {
    let url = new URL(input instanceof Request ? input.url : input)
    if (init.method === 'GET' || init.method === undefined) return new Response(null, { status: 405 })
    const signals = [AbortSignal.timeout(LIMITS.mcp.callMs + 10_000), ...(init.signal ? [init.signal] : [])]
    const signal = AbortSignal.any(signals)
    for (let hop = 0; ; hop++) {
      const answer = await send(url, init, await allowedAddresses(url, deps), signal)
      const location = REDIRECTING.has(answer.statusCode ?? 0) ? answer.headers.location : undefined
      if (location === undefined) return toResponse(answer, deps.maxBytes ?? LIMITS.mcp.floodBytes)
      answer.destroy()
      const target = URL.canParse(location, url.href) ? new URL(location, url) : null
      if (target?.origin !== url.origin) {
        throw new Error(`it redirects to ${target?.origin ?? 'nowhere'}, which is not followed`)
      }
      if (hop === REDIRECTS) throw new Error('it redirects too often')
      url = target
    }
  }
}

async function allowedAddresses(url: URL, { allowLocal, lookup }: GuardDeps): Promise<Address[] | null> {
  if (url.protocol !== 'http:' && url.protocol !== 'https:') throw new Error(`${url.protocol} is not http or https`)
  return allowLocal ? null : publicAddresses(url.hostname, lookup)
}

function send(url: URL, init: RequestInit, addresses: Address[] | null, signal: AbortSignal): Promise<IncomingMessage> {
  const request = url.protocol === 'https:' ? requestHttps : requestHttp
  const headers = { ...Object.fromEntries(new Headers(init.headers)), 'accept-encoding': 'identity' }
  return new Promise((resolve, reject) => {
    const sent = request(url, {
      method: init.method ?? 'POST',
      headers,
      signal,
      agent: false,
      ...(addresses && { lookup: pinned(addresses) }),
    })
    sent.once('response', resolve)
    sent.on('error', reject)
    sent.end(typeof init.body === 'string' ? init.body : undefined)
  })
}

/** Finds the addresses that were looked at, whatever the name means by now. */
export const pinned =
  (addresses: Address[]): LookupFunction =>
  (_host, options, done) => {
    const [first] = addresses
    if (options.all) done(null, addresses)
    else done(null, first!.address, first!.family)
  }

function toResponse(answer: IncomingMessage, maxBytes: number): Response {
  const { statusCode = 500, headers } = answer
  if (statusCode < 200 || statusCode > 599) {
    answer.destroy()
    throw new Error(`it answered with the status ${statusCode}`)
  }
  const kept = Object.entries(headers).flatMap(([name, value]) =>
    typeof value === 'string' ? [[name, value] as [string, string]] : [],
  )
  if (NO_BODY.has(statusCode)) {
    answer.destroy()
    return new Response(null, { status: statusCode, headers: kept })
  }
  const body = Readable.toWeb(Readable.from(bounded(answer, maxBytes))) as unknown as ReadableStream<Uint8Array>
  return new Response(body, { status: statusCode, headers: kept })
}

async function* bounded(answer: IncomingMessage, maxBytes: number): AsyncGenerator<Uint8Array> {
  let total = 0
  for await (const chunk of answer as AsyncIterable<Buffer>) {
    total += chunk.length
    if (total > maxBytes) throw new Error(`its answer is longer than ${maxBytes} bytes`)
    yield new Uint8Array(chunk)
  }
}
