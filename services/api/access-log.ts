import type { RequestHandler } from 'express'
import { v7 as uuid } from 'uuid'
import type { Log } from '../../shared/runtime/log.ts'

/** Probes and scrapes come every few seconds and say nothing. */
const QUIET = new Set(['/healthz', '/readyz', '/metrics'])

/**
 * Gives each request an id (the caller's `X-Request-Id`, where it is a plain word) and logs it when it has been answered:
 * no query, no headers, no bodies, which can hold secrets.
 */
export function accessLog({ log }: { log: Log }): RequestHandler {
  return (request, response, next) => {
    const given = request.get('x-request-id') ?? ''
    const id = /^[\w.-]{1,100}$/.test(given) ? given : uuid()
    response.locals.id = id
    response.set('X-Request-Id', id)
    const { method, path } = request
    const began = performance.now()
    response.once('close', () => {
      const ms = Math.round(performance.now() - began)
      const line = { id, method, path, status: response.statusCode, ms, tokenId: response.locals.identity?.tokenId }
      if (QUIET.has(path)) log.debug(line, 'request.answered')
      else log.info(line, 'request.answered')
    })
    next()
  }
}
