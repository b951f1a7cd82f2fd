import { defineConfig } from 'vitest/config'
import { projectRoot } from '../bootstrap/settings.ts'

/** The tests of the architecture alone, which need no servers. */
export default defineConfig({
  test: { root: projectRoot, include: ['test/architecture.test.ts'], reporters: ['dot'] },
})
