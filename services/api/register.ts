import { pipeline } from 'node:stream/promises'
import { type Request, type RequestHandler, type Response, Router } from 'express'
import { ROUTES, type Route, type RouteName } from '../../shared/contract/routes.ts'
import type { Database } from '../../shared/runtime/db.ts'
import type { Log } from '../../shared/runtime/log.ts'
import { type Call, type Handler, type Handlers, TextAnswer } from './answer.ts'
import { once, onceRequest, type Stored } from './idempotency.ts'
import { identityOf, requireAccess } from './identity.ts'
import { jsonBody } from './json-body.ts'
import { parseRequest } from './parse.ts'

export interface RegisterDeps {
  db: Database
  log: Log
  handlers: Handlers
  /** Answers are held against their schemas; one that does not fit fails the request. */
  checkAnswers: boolean
  /** Stands before the routes of everybody, which are those to sign in. */
  signInLimit: RequestHandler
}

/**
 * Makes Express routes of the table. In this order: who may ask, the body, its meaning, and once only for a POST with an
 * `Idempotency-Key`. Signing in takes no such key: its answer is a secret, which is stored nowhere.
 */
export function apiRoutes(deps: RegisterDeps): Router {
  const router = Router()
  for (const name of Object.keys(ROUTES) as RouteName[]) {
    const route: Route = ROUTES[name]
    const handler = deps.handlers[name] as unknown as Handler<RouteName>
    const before = [
      named(route),
      ...(route.access === 'none' ? [deps.signInLimit] : []),
      requireAccess(route.access),
      ...(route.method === 'post' || route.method === 'patch' ? [jsonBody] : []),
    ]
    router[route.method](route.path, ...before, (request, response) => answer(deps, route, handler, request, response))
  }
  return router
}

/** By this name, and not by each path, requests are counted. */
function named(route: Route): RequestHandler {
  return (request, response, next) => {
    response.locals.route = request.baseUrl + route.path
    next()
  }
}

async function answer(
  deps: RegisterDeps,
  route: Route,
  handler: Handler<RouteName>,
  request: Request,
  response: Response,
): Promise<void> {
  const identity = identityOf(response)
  const call = {
    ...parseRequest(route, request),
    identity,
    prefersText: request.accepts(['application/json', 'text/plain']) === 'text/plain',
  } as Call<RouteName>
  const asked = route.method === 'post' && identity ? onceRequest(request, identity.tokenId) : null
  if (asked) {
    const { again, ...answered } = await once(deps, asked, async () => stored(deps, route, await handler(call)))
    if (again) response.set('Idempotency-Replayed', 'true')
    sendJson(response, answered)
    return
  }
  const answer: unknown = await handler(call)
  if (answer instanceof TextAnswer) await sendText(response, answer)
  else sendJson(response, stored(deps, route, answer))
}

function stored({ checkAnswers }: RegisterDeps, route: Route, body: unknown): Stored {
  if (checkAnswers && route.response) route.response.parse(body)
  return { status: route.status, json: body === undefined ? null : JSON.stringify(body) }
}

function sendJson(response: Response, { status, json }: Stored): void {
  response.status(status)
  if (json === null) response.end()
  else response.type(status >= 400 ? 'application/problem+json' : 'application/json').send(json)
}

async function sendText(response: Response, { type, body }: TextAnswer): Promise<void> {
  response.type(type)
  if (typeof body === 'string') response.send(body)
  // The status has gone out already: a text that breaks off breaks the connection, so that nobody takes half for the whole.
  else await pipeline(body, response).catch(() => response.destroy())
}
