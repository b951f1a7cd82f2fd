import { z } from 'zod'
import { createDocument, type ZodOpenApiOperationObject, type ZodOpenApiPathsObject } from 'zod-openapi'
import { LIMITS } from '../domain/limits.ts'
import { PROBLEMS, Problem, type ProblemCode } from './common.ts'
import { ROUTES, type Route, type RouteName } from './routes.ts'

const IdempotencyKey = z
  .string()
  .min(1)
  .max(LIMITS.http.idempotencyKeyChars)
  .optional()
  .meta({ description: 'The same key with the same body gets the first answer again for 24 hours; another body, 422.' })

const TAGS: Record<Route['tag'], string> = {
  auth: 'Signing in',
  projects: 'Projects and their repositories',
  threads: 'Conversations with agents',
  tasks: 'Tasks: drafts, their runs, review and apply',
  pipelines: 'What an agent runs in parallel',
  usage: 'Tokens and money',
  events: 'Every change of a project, in order',
  ops: 'The installation, for administrators',
}

/** The OpenAPI 3.1 document of the routes table. */
export function createOpenApi({ version }: { version: string }): ReturnType<typeof createDocument> {
  const paths: ZodOpenApiPathsObject = {}
  for (const name of Object.keys(ROUTES) as RouteName[]) {
    const route: Route = ROUTES[name]
    const path = `/api/v1${route.path.replace(/:(\w+)/g, '{$1}')}`
    paths[path] = { ...paths[path], [route.method]: operation(name, route) }
  }
  return createDocument({
    openapi: '3.1.0',
    info: {
      title: 'Slipway',
      version,
      description:
        'Runs coding agents in parallel: drafts, tasks in containers, review, apply. Errors are ' +
        '`application/problem+json` with a stable `code`. Lists take `limit` and `cursor`.',
    },
    tags: Object.entries(TAGS).map(([tag, description]) => ({ name: tag, description })),
    security: [{ token: [] }],
    components: { securitySchemes: { token: { type: 'http', scheme: 'bearer' } } },
    paths,
  })
}

function operation(name: RouteName, route: Route): ZodOpenApiOperationObject {
  const once = route.method === 'post' && route.access !== 'none'
  return {
    operationId: name,
    summary: route.summary,
    tags: [route.tag],
    ...(route.access === 'none' && { security: [] }),
    requestParams: {
      ...(route.params && { path: route.params }),
      ...(route.query && { query: route.query }),
      ...(once && { header: z.object({ 'Idempotency-Key': IdempotencyKey }) }),
    },
    ...(route.body && {
      requestBody: { required: true, content: { 'application/json': { schema: route.body } } },
    }),
    responses: { [`${route.status}`]: success(route), ...refusals(route, once) },
  }
}

function success(route: Route): ZodOpenApiOperationObject['responses'][`${1 | 2 | 3 | 4 | 5}${string}`] {
  if (!route.response) return { description: 'Done' }
  return {
    description: 'Done',
    content: {
      'application/json': { schema: route.response },
      ...(route.text && { 'text/plain': { schema: { type: 'string' } } }),
    },
  }
}

function refusals(route: Route, once: boolean): ZodOpenApiOperationObject['responses'] {
  const changes = route.method !== 'get'
  const codes: ProblemCode[] = [
    'invalid_request',
    'unauthorized',
    ...(route.access === 'admin' ? (['forbidden'] as const) : []),
    ...(route.params ? (['not_found'] as const) : []),
    ...(changes && route.access !== 'none' ? (['illegal_state'] as const) : []),
    ...(route.body ? (['body_too_large', 'cycle', 'limit_exceeded'] as const) : []),
    ...(once ? (['conflict', 'idempotency_mismatch'] as const) : []),
    'rate_limited',
    'unavailable',
  ]
  const byStatus = Map.groupBy(codes, code => PROBLEMS[code])
  return Object.fromEntries(
    [...byStatus]
      .sort(([a], [b]) => a - b)
      .map(([status, of]) => [
        `${status}`,
        { description: of.join(', '), content: { 'application/problem+json': { schema: Problem } } },
      ]),
  )
}
