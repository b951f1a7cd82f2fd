/** How many tests of a run passed, failed and were left out (`skipped` only where there are any). */
export interface TestCounts {
  passed: number
  failed: number
  skipped?: number
}

/** Counts from sums, `skipped` left out at 0. */
export function testCounts(passed: number, failed: number, skipped: number): TestCounts {
  return { passed, failed, ...(skipped > 0 ? { skipped } : {}) }
}
