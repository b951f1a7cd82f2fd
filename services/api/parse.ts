import type { Request } from 'express'
import { z } from 'zod'
import type { Problem } from '../../shared/contract/common.ts'
import type { Route } from '../../shared/contract/routes.ts'
import { Refused } from '../../shared/runtime/refused.ts'

/** Routes without a body take none, or an empty object. */
const NoBody = z.strictObject({})

/**
 * A request held against its route's schemas.
 * @throws Refused `invalid_request` with every mistake and where it stands
 */
export function parseRequest(route: Route, request: Request): { params: unknown; query: unknown; body: unknown } {
  const params = check('path', route.params, request.params)
  const query = check('query', route.query, request.query)
  if (route.method === 'get' || route.method === 'delete') return { params, query, body: undefined }
  const body = check('body', route.body ?? NoBody, request.body ?? {})
  requireStorable(body)
  return { params, query, body: route.body ? body : undefined }
}

function check(where: string, schema: z.ZodType | undefined, value: unknown): unknown {
  if (!schema) return undefined
  const parsed = schema.safeParse(value)
  if (parsed.success) return parsed.data
  throw new Refused('invalid_request', `The ${where} is not as it should be.`, parsed.error.issues.map(described))
}

const described = (issue: z.core.$ZodIssue): { path: string; message: string } => ({
  path: issue.path.map(String).join('.'),
  message: issue.message,
})

/** Postgres keeps neither NUL characters nor halves of surrogate pairs, and JSON can carry both anywhere. */
function requireStorable(body: unknown): void {
  const errors: NonNullable<Problem['errors']> = []
  const look = (value: unknown, path: string) => {
    if (typeof value === 'string') {
      if (value.includes('\u0000')) errors.push({ path, message: 'must not contain a NUL character' })
      else if (!value.isWellFormed()) errors.push({ path, message: 'must be well-formed Unicode' })
    } else if (typeof value === 'object' && value !== null) {
      for (const [key, inner] of Object.entries(value)) look(inner, path ? `${path}.${key}` : key)
    }
  }
  look(body, '')
  if (errors.length > 0) throw new Refused('invalid_request', 'The body is not as it should be.', errors)
}
