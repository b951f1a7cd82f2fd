/** Why a provider refused: `context_length` = the history is too long for the model, `filtered` = its safety filter. */
export type RefusalCode = 'context_length' | 'credentials' | 'not_found' | 'quota' | 'filtered' | 'invalid_request'

/** The provider refused for good; `message` has its words. Trying the same request again would not help. */
export class ModelRefused extends Error {
  override readonly name = 'ModelRefused'
  readonly code: RefusalCode
  /** HTTP status, where there was one. */
  readonly status: number | undefined
  constructor(message: string, details: { code: RefusalCode; status?: number | undefined }) {
    super(message)
    this.code = details.code
    this.status = details.status
  }
}

/** The provider's limit is reached for longer than a reply waits: go on at `until`. */
export class ModelLimited extends Error {
  override readonly name = 'ModelLimited'
  readonly until: Date
  constructor(message: string, details: { until: Date }) {
    super(message)
    this.until = details.until
  }
}

/** No complete reply within the attempts or the deadline; `message` has the last reason. A later try may succeed. */
export class ModelUnavailable extends Error {
  override readonly name = 'ModelUnavailable'
  readonly attempts: number
  constructor(message: string, details: { attempts: number }) {
    super(message)
    this.attempts = details.attempts
  }
}

/** The error of an aborted reply: always named `AbortError`, whatever reason the signal carries. */
export const abortError = (signal: AbortSignal): Error => {
  const reason: unknown = signal.reason
  if (reason instanceof Error && reason.name === 'AbortError') return reason
  const message = reason instanceof Error ? reason.message : 'The reply was aborted.'
  return new DOMException(message, { name: 'AbortError', cause: reason })
}
