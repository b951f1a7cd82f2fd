import { ApiError } from '../../../../shared/contract/client.ts'

/** What went wrong, for people: the API's own words, with the fields it names, or that nothing answered. */
export function problemWords(error: unknown): string {
  if (error instanceof ApiError) {
    const { detail, title, errors = [] } = error.problem
    const fields = errors.map(({ path, message }) => (path ? `${path}: ${message}` : message))
    return [detail || title, ...fields.filter(field => !detail?.includes(field))].join('\n')
  }
  if (error instanceof TypeError) return 'Slipway does not answer. Is it running? Nothing was changed.'
  return error instanceof Error ? error.message : String(error)
}

/** Whether asking again can help: nothing answered, or the server was in trouble. */
export function isTransient(error: unknown): boolean {
  if (error instanceof ApiError) return error.problem.status >= 500 || error.problem.status === 429
  return error instanceof TypeError
}

/** Whether the API says that there is no such thing (or not for this user, which it does not tell apart). */
export function isNotFound(error: unknown): boolean {
  return error instanceof ApiError && (error.problem.code === 'not_found' || error.problem.code === 'invalid_request')
}

/** Whether this user's role does not allow it. */
export const isForbidden = (error: unknown): boolean => error instanceof ApiError && error.problem.code === 'forbidden'
