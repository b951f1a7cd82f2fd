import { writeSync } from 'node:fs'
import type { Reporter, TestModule } from 'vitest/node'

/** Ends a run with one plain line, `N passed, N failed`. A file that could not run and an error outside of all tests count as failed. */
export default class SummaryReporter implements Reporter {
  onTestRunEnd(modules: readonly TestModule[], errors: readonly unknown[]): void {
    const tests = modules.flatMap(module => [...module.children.allTests()])
    const count = (state: string) => tests.filter(test => test.result().state === state).length
    const broken = modules.filter(module => module.errors().length > 0).length
    const line = `${count('passed')} passed, ${count('failed') + broken + errors.length} failed`
    // After vitest's own summary, which it writes when the process ends.
    process.on('exit', () => writeSync(1, `${line}\n`))
  }
}
