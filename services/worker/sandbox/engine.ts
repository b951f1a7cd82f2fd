/** The status of an engine's refusal, or null for anything else. */
export const engineStatus = (error: unknown): number | null => {
  const status = (error as { statusCode?: unknown } | null)?.statusCode
  return typeof status === 'number' ? status : null
}

/** The container is not there, or is being removed by someone else already. */
export const isGone = (error: unknown): boolean => {
  const status = engineStatus(error)
  return status === 404 || (status === 409 && /removal .* already in progress/i.test(String((error as Error).message)))
}
