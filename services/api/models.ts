import { Refused } from '../../shared/runtime/refused.ts'
import type { KnownModels } from './deps.ts'

/**
 * Refuses models that this installation cannot ask.
 * @param prefix where the fields stand in the request's body
 */
export function requireModels(
  models: KnownModels,
  given: { model?: string | undefined; consultModel?: string | null | undefined },
  prefix: string,
): void {
  const errors = (['model', 'consultModel'] as const).flatMap(field => {
    const name = given[field]
    const message = name == null ? null : models.refuse(name)
    return message === null ? [] : [{ path: prefix + field, message }]
  })
  if (errors.length > 0) throw new Refused('invalid_request', errors.map(error => error.message).join(' '), errors)
}
