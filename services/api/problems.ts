import { STATUS_CODES } from 'node:http'
import type { ErrorRequestHandler, Response } from 'express'
import { PROBLEMS, type Problem, type ProblemCode } from '../../shared/contract/common.ts'
import { GitStoreError } from '../../shared/runtime/git-store/errors.ts'
import type { Log } from '../../shared/runtime/log.ts'
import { Refused } from '../../shared/runtime/refused.ts'
import { isDatabaseAway } from './database-away.ts'

const RETRY_AFTER_SECONDS = 2

/** The problem document of a code. */
export function problem(code: ProblemCode, detail: string, errors?: Problem['errors']): Problem {
  const status = PROBLEMS[code]
  return { type: 'about:blank', title: STATUS_CODES[status] ?? code, status, detail, code, ...(errors && { errors }) }
}

/** What a caller is told of an error. Whatever is not meant for them becomes `internal` without its words. */
export function problemOf(error: unknown): Problem {
  if (error instanceof Refused) return problem(error.code, error.message, error.errors)
  if (error instanceof GitStoreError) return gitProblem(error)
  if (isDatabaseAway(error)) {
    return problem('unavailable', 'The database cannot be reached; nothing was changed. Try again soon.')
  }
  return bodyProblem(error) ?? problem('internal', 'Something went wrong on our side; the server’s log says what.')
}

export function sendProblem(response: Response, document: Problem): void {
  if (document.status === 503) response.set('Retry-After', String(RETRY_AFTER_SECONDS))
  if (document.status === 401) response.set('WWW-Authenticate', 'Bearer')
  response.status(document.status).type('application/problem+json').send(JSON.stringify(document))
}

/** Last in line: turns whatever was thrown into a problem document. */
export function problemHandler({ log }: { log: Log }): ErrorRequestHandler {
  return (error, request, response, next) => {
    const document = problemOf(error)
    if (document.status >= 500) log.error({ err: error, id: response.locals.id, path: request.path }, 'request.failed')
    if (response.headersSent) {
      next(error)
      return
    }
    sendProblem(response, document)
  }
}

function gitProblem(error: GitStoreError): Problem {
  switch (error.code) {
    case 'invalid_source':
    case 'source_failed':
      return problem('invalid_request', error.message, [{ path: 'source.url', message: error.message }])
    case 'too_large':
      return problem('limit_exceeded', error.message)
    case 'unavailable':
      return problem('unavailable', error.message)
    case 'unknown_commit':
      return problem('not_found', 'The repository no longer has these commits.')
    default:
      return problem('internal', 'The git store failed; the server’s log says why.')
  }
}

/** What Express and its body parser throw: they mark such errors with a status, and with a `type` where the body was wrong. */
function bodyProblem(error: unknown): Problem | null {
  if (!(error instanceof Error)) return null
  const { status, type } = error as Error & { status?: unknown; type?: unknown }
  if (type === 'entity.too.large') return problem('body_too_large', 'The body may have at most 1 MB.')
  if (type === 'entity.parse.failed') return problem('invalid_request', `The body is not JSON: ${error.message}`)
  if (typeof status === 'number' && status >= 400 && status < 500) return problem('invalid_request', error.message)
  return null
}
