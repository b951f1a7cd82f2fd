/** Whole seconds that have passed, as the product writes them everywhere: `14s`. What is no positive number reads `0s`. */
export function formatDuration(seconds: number): string {
  return `${Number.isFinite(seconds) && seconds > 0 ? Math.floor(seconds) : 0}s`
}
