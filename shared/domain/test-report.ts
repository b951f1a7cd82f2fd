import { countJUnit } from './junit.ts'
import { LIMITS } from './limits.ts'
import type { TestCounts } from './test-counts.ts'
import { readers } from './test-readers.ts'

export type { TestCounts } from './test-counts.ts'

const ansi = new RegExp(`${String.fromCharCode(27)}\\[[0-9;:?]*[A-Za-z]`, 'g')

/**
 * The test counts in a check command's output, or null where it shows none. Knows node --test (spec, TAP), vitest, jest,
 * mocha, pytest, unittest, go test, cargo test and JUnit XML. Several reports in one output are added up, as of a command
 * that runs one suite after the other; JUnit XML counts only where no reporter's summary stands.
 *
 * The output comes from an agent's container and is believed no further than this: the counts are what it claims.
 * Only its last `LIMITS.checks.reportBytes` characters are read, in linear time.
 */
export function parseTestReport(output: string): TestCounts | null {
  const text = output.slice(-LIMITS.checks.reportBytes).replace(ansi, '')
  const lines = text.split(/\r?\n/).map(line => line.slice(0, LIMITS.tools.lineChars))
  const found = readers.map(read => read(lines)).filter(counts => counts !== null)
  return found.length > 0 ? found.reduce(add) : countJUnit(text)
}

function add(one: TestCounts, other: TestCounts): TestCounts {
  const skipped = (one.skipped ?? 0) + (other.skipped ?? 0)
  return { passed: one.passed + other.passed, failed: one.failed + other.failed, ...(skipped > 0 ? { skipped } : {}) }
}
