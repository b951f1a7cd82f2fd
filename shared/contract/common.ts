import { z } from 'zod'
import { LIMITS } from '../domain/limits.ts'

/** A UUIDv7; any UUID is accepted where one is given. */
export const Id = z.uuid().meta({ id: 'Id', description: 'UUIDv7' })
/** ISO 8601 in UTC. */
export const Time = z.iso.datetime().meta({ id: 'Time', description: 'ISO 8601, UTC' })
/** A git object name. */
export const Sha = z.string().regex(/^[0-9a-f]{40}$/, 'must be a full git object name')

/** The most that something may cost, in US dollars. */
export const Budget = z.number().positive().max(LIMITS.money.budgetUsd).multipleOf(0.000001)

/** The stable codes of refused requests, with their HTTP status. */
export const PROBLEMS = {
  invalid_request: 400,
  unauthorized: 401,
  forbidden: 403,
  not_found: 404,
  illegal_state: 409,
  conflict: 409,
  body_too_large: 413,
  idempotency_mismatch: 422,
  cycle: 422,
  limit_exceeded: 422,
  rate_limited: 429,
  internal: 500,
  unavailable: 503,
} as const

export type ProblemCode = keyof typeof PROBLEMS

/** `application/problem+json` (RFC 9457) with a stable `code`. */
export const Problem = z
  .object({
    type: z.string(),
    title: z.string(),
    status: z.int(),
    detail: z.string(),
    code: z.enum(Object.keys(PROBLEMS) as [ProblemCode, ...ProblemCode[]]),
    errors: z.array(z.object({ path: z.string(), message: z.string() })).optional(),
  })
  .meta({ id: 'Problem' })
export type Problem = z.infer<typeof Problem>

/** What every list takes. */
export const PageQuery = z.object({
  limit: z.coerce.number().int().min(1).max(LIMITS.http.listMax).default(LIMITS.http.listDefault),
  cursor: z.string().max(200).optional(),
})
export type PageQuery = z.infer<typeof PageQuery>

/** One page of a list; `nextCursor` is null on the last. */
export const page = <T extends z.ZodType>(item: T) =>
  z.object({ items: z.array(item), nextCursor: z.string().nullable() })

/** A whole list. */
export const list = <T extends z.ZodType>(item: T) => z.object({ items: z.array(item) })

/** Text of a person: trimmed, not empty, without NUL (which Postgres cannot store). */
export const text = (max: number) =>
  z
    .string()
    .max(max)
    .refine(value => !value.includes('\u0000'), 'must not contain a NUL character')

export const nonEmpty = (max: number) => text(max).refine(value => value.trim().length > 0, 'must not be empty')
