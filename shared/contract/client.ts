import type { Problem } from './common.ts'
import {
  type Answer,
  type BodyInput,
  type Params,
  type QueryInput,
  ROUTES,
  type Route,
  type RouteName,
} from './routes.ts'

/** A refusal of the API, with its problem document. */
export class ApiError extends Error {
  override name = 'ApiError'
  readonly problem: Problem
  constructor(problem: Problem) {
    super(problem.detail || problem.title)
    this.problem = problem
  }
}

export interface ClientOptions {
  /** For example `http://127.0.0.1:3000`; empty for the page's own origin. */
  url: string
  token?: string
  fetch?: typeof fetch
}

type Given<K extends RouteName> = (Params<K> extends undefined ? object : { params: Params<K> }) &
  (QueryInput<K> extends undefined ? object : { query?: QueryInput<K> }) &
  (BodyInput<K> extends undefined ? object : { body: BodyInput<K> }) & { idempotencyKey?: string; signal?: AbortSignal }

export type Client = { [K in RouteName]: (request: Given<K>) => Promise<Answer<K>> }

/** A function for each route of the table. Throws `ApiError` for a refusal and TypeError where nothing answers. */
export function createClient(options: ClientOptions): Client {
  const call = async (route: Route, given: Given<RouteName> & { params?: object; query?: object; body?: unknown }) => {
    const { params = {}, query = {}, body, idempotencyKey, signal } = given
    const path = route.path.replace(/:(\w+)/g, (_, name: string) =>
      encodeURIComponent(String((params as Record<string, unknown>)[name])),
    )
    const search = new URLSearchParams(
      Object.entries(query).flatMap(([name, value]): [string, string][] =>
        value === undefined ? [] : [[name, String(value)]],
      ),
    ).toString()
    const response = await (options.fetch ?? fetch)(`${options.url}/api/v1${path}${search && `?${search}`}`, {
      method: route.method.toUpperCase(),
      headers: {
        accept: 'application/json',
        ...(options.token && { authorization: `Bearer ${options.token}` }),
        ...(body !== undefined && { 'content-type': 'application/json' }),
        ...(idempotencyKey && { 'idempotency-key': idempotencyKey }),
      },
      ...(body !== undefined && { body: JSON.stringify(body) }),
      ...(signal && { signal }),
    })
    if (response.status === 204) return undefined
    const answer: unknown = await response.json().catch(() => null)
    if (response.ok) return answer
    throw new ApiError((answer as Problem | null) ?? unreadable(response))
  }
  return Object.fromEntries(
    Object.entries(ROUTES).map(([name, route]) => [name, (given: Given<RouteName>) => call(route, given ?? {})]),
  ) as Client
}

function unreadable(response: Response): Problem {
  return {
    type: 'about:blank',
    title: response.statusText || 'Unreadable answer',
    status: response.status,
    detail: `The server answered ${response.status} without a problem document.`,
    code: response.status >= 500 ? 'unavailable' : 'invalid_request',
  }
}
