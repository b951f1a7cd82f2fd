import express, { type RequestHandler } from 'express'
import { LIMITS } from '../../shared/domain/limits.ts'
import { Refused } from '../../shared/runtime/refused.ts'

const parse = express.json({ limit: LIMITS.http.jsonBodyBytes, type: 'application/json' })

/** Parses a body of at most 1 MB, and only where it calls itself JSON. Without a body `request.body` stays undefined. */
export const jsonBody: RequestHandler = (request, response, next) => {
  const hasBody = request.get('transfer-encoding') !== undefined || Number(request.get('content-length') ?? 0) > 0
  if (hasBody && !(request.is('application/json') && isUtf8(request.get('content-type')))) {
    throw new Refused('invalid_request', 'A body must be JSON in UTF-8, sent with Content-Type: application/json.')
  }
  parse(request, response, next)
}

function isUtf8(contentType = ''): boolean {
  const charset = /;\s*charset\s*=\s*"?([^";\s]*)/i.exec(contentType)?.[1] ?? 'utf-8'
  return charset.toLowerCase() === 'utf-8'
}
