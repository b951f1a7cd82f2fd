import { writeFileSync } from 'node:fs'
import type { Reporter, TestModule } from 'vitest/node'

/**
 * Leaves the counts of a run for `make test`, in the file that SLIPWAY_TEST_SUMMARY names. A file that could not run and an error outside of
 * all tests count as failed.
 */
export default class SummaryReporter implements Reporter {
  onTestRunEnd(modules: readonly TestModule[], errors: readonly unknown[]): void {
    const file = process.env.SLIPWAY_TEST_SUMMARY
    if (!file) return
    const tests = modules.flatMap(module => [...module.children.allTests()])
    const count = (state: string) => tests.filter(test => test.result().state === state).length
    const broken = modules.filter(module => module.errors().length > 0).length
    const failed = count('failed') + broken + errors.length
    writeFileSync(file, JSON.stringify({ passed: count('passed'), failed }))
  }
}
