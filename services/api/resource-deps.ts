import type { ApiDeps } from './deps.ts'
import type { Scope } from './scope.ts'

/** What the handlers of resources work with. */
export interface ResourceDeps extends ApiDeps {
  scope: Scope
  /** Aborted when the API stops. */
  stopping: AbortSignal
}
