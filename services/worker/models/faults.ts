import { APICallError, StreamProviderError } from 'ai'
import type { RefusalCode } from './errors.ts'

/** What a failed attempt means for the next step. `message` has the provider's words, credentials still in them. */
export type Fault =
  | { kind: 'refused'; code: RefusalCode; message: string; status?: number | undefined }
  | { kind: 'limited'; message: string; status?: number | undefined; retryAfterMs?: number | undefined }
  | { kind: 'broken'; message: string; status?: number | undefined; retryAfterMs?: number | undefined }

/** A reply that ended other than it should: cut, stalled, too long. Thrown by `attempt`, read by `readFault`. */
export class BrokenReply extends Error {
  override readonly name = 'BrokenReply'
}

/** A reply that the provider's safety filter stopped. */
export class FilteredReply extends Error {
  override readonly name = 'FilteredReply'
}

const CONTEXT_LENGTH =
  /context[ _-]?(length|window|size)|maximum (context|prompt|input)|(prompt|input|request|message)s? (is|are|was) too (long|large)|too many (input )?tokens|token count .{0,40}exceeds|reduce the length/i
const QUOTA = /insufficient_quota|billing|credit balance|exceeded your current quota/i

/** 408, 409 and 425 ask for another try; 429 and Anthropic's 529 (overloaded) are limits; 5xx is the provider's trouble. */
const isTransient = (status: number): boolean => status === 408 || status === 409 || status === 425 || status >= 500
const isLimit = (status: number): boolean => status === 429 || status === 529

const refusalCode = (status: number, words: string): RefusalCode => {
  if (status === 413 || CONTEXT_LENGTH.test(words)) return 'context_length'
  if (status === 402 || QUOTA.test(words)) return 'quota'
  if (status === 401 || status === 403) return 'credentials'
  return status === 404 ? 'not_found' : 'invalid_request'
}

/** Nobody means longer; and a date must come out of it. */
const LONGEST_WAIT_MS = 30 * 24 * 3_600_000
const bounded = (ms: number): number => Math.min(LONGEST_WAIT_MS, Math.max(0, Math.ceil(ms)))

/**
 * A `Retry-After` (or `retry-after-ms`) as milliseconds from `now`: seconds or an HTTP date, at least 0; undefined
 * where there is none or it cannot be read.
 */
export const retryAfterMs = (headers: Record<string, string> | undefined, now: number): number | undefined => {
  const ms = headers?.['retry-after-ms']?.trim()
  if (ms && /^\d+(\.\d+)?$/.test(ms)) return bounded(Number(ms))
  const value = headers?.['retry-after']?.trim()
  if (!value) return undefined
  if (/^\d+(\.\d+)?$/.test(value)) return bounded(Number(value) * 1000)
  const date = Date.parse(value)
  return Number.isNaN(date) ? undefined : bounded(date - now)
}

/** The provider's own words out of an error body that the AI SDK could not read; else the AI SDK's message. */
const wordsOf = (error: APICallError): string => {
  const body = error.responseBody?.trim() ?? ''
  if (error.data !== undefined || body === '' || body.startsWith('<')) return error.message
  try {
    const parsed: unknown = JSON.parse(body)
    const inner = typeof parsed === 'object' && parsed !== null && 'error' in parsed ? parsed.error : parsed
    if (typeof inner === 'string') return inner
    if (typeof inner === 'object' && inner !== null && 'message' in inner && typeof inner.message === 'string') {
      return inner.message
    }
  } catch {
    // Not JSON: shown as it is, since proxies answer in plain text.
  }
  return body.slice(0, 500)
}

const byStatus = (status: number, words: string, code: string, after: number | undefined): Fault => {
  const message = `${words} (${status})`
  // A used-up quota comes as 429, but no waiting helps.
  if (isLimit(status) && !QUOTA.test(code) && !/insufficient_quota/.test(words)) {
    return { kind: 'limited', message, status, retryAfterMs: after }
  }
  if (isTransient(status) && !isLimit(status)) return { kind: 'broken', message, status, retryAfterMs: after }
  return { kind: 'refused', code: refusalCode(status, `${code} ${words}`), message, status }
}

const codeOf = (data: unknown): string => {
  const inner = typeof data === 'object' && data !== null && 'error' in data ? data.error : data
  if (typeof inner !== 'object' || inner === null) return ''
  const { code, type, status } = inner as Record<string, unknown>
  return [code, type, status].filter(each => typeof each === 'string').join(' ')
}

/** The innermost message of an error: `fetch failed` says nothing, its cause does. */
export const innermost = (error: unknown): string => {
  let current = error
  for (let depth = 0; depth < 5 && current instanceof Error && current.cause instanceof Error; depth++) {
    current = current.cause
  }
  return current instanceof Error ? current.message : String(current)
}

/**
 * What a failed attempt means. Whatever is no clear refusal counts as broken: cut connections, garbled events,
 * a stream that ended early.
 */
export const readFault = (error: unknown, now: number): Fault => {
  if (error instanceof FilteredReply) return { kind: 'refused', code: 'filtered', message: error.message }
  if (APICallError.isInstance(error)) {
    // A 2xx status here means that the answer's stream could not be read.
    if (error.statusCode !== undefined && error.statusCode >= 300) {
      return byStatus(error.statusCode, wordsOf(error), codeOf(error.data), retryAfterMs(error.responseHeaders, now))
    }
    return { kind: 'broken', message: innermost(error) }
  }
  if (StreamProviderError.isInstance(error)) {
    const code = `${error.code ?? ''} ${error.type ?? ''}`
    if (error.statusCode !== undefined) return byStatus(error.statusCode, error.message, code, undefined)
    return CONTEXT_LENGTH.test(`${code} ${error.message}`)
      ? { kind: 'refused', code: 'context_length', message: error.message }
      : { kind: 'broken', message: error.message }
  }
  return { kind: 'broken', message: innermost(error) }
}
