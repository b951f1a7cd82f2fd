import { defineConfig } from 'vitest/config'

export default defineConfig({
  test: {
    include: ['test/**/*.test.ts'],
    exclude: ['test/bench/**', 'test/soak/**', 'node_modules/**'],
    globalSetup: ['test/support/global-setup.ts'],
    reporters: ['default', './test/support/summary-reporter.ts'],
    pool: 'forks',
    // Files share what their process has loaded; nothing that a test makes is kept in a module.
    isolate: false,
    // Most of a test is waiting for containers and clocks.
    maxWorkers: 3,
    testTimeout: process.env.SLIPWAY_SCALE === 'full' ? 60 * 60_000 : 60_000,
    hookTimeout: 120_000,
    teardownTimeout: 60_000,
    // Faults are real and so are their clocks: on a shared machine one may strike before a test was ready for it.
    retry: process.env.CI ? 2 : 0,
  },
})
