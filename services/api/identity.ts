import type { Request, RequestHandler, Response } from 'express'
import type { Route } from '../../shared/contract/routes.ts'
import { Refused } from '../../shared/runtime/refused.ts'
import type { Identity, Tokens } from '../../shared/runtime/tokens.ts'

/** Finds out whose the bearer token is. Refuses nobody: the limit on requests comes first. */
export function identify({ tokens }: { tokens: Tokens }): RequestHandler {
  return async (request, response, next) => {
    const token = bearerOf(request)
    response.locals.identity = token === null ? null : await tokens.authenticate(token, 'api')
    next()
  }
}

/** Lets through who may use a route. */
export function requireAccess(access: Route['access']): RequestHandler {
  return (_request, response, next) => {
    const identity = identityOf(response)
    if (access !== 'none' && !identity) {
      throw new Refused('unauthorized', 'This needs a valid token: Authorization: Bearer <token>.')
    }
    if (access === 'admin' && identity?.role !== 'admin') throw new Refused('forbidden', 'This is for administrators.')
    next()
  }
}

export const identityOf = (response: Response): Identity | null => response.locals.identity ?? null

export const bearerOf = (request: Request): string | null =>
  /^Bearer +(\S+)$/i.exec(request.get('authorization') ?? '')?.[1] ?? null
