import { spawn } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { chromiumProgram } from '../bootstrap/chromium.ts'
import { readJson } from '../bootstrap/layout.ts'
import { createProgress } from '../bootstrap/progress.ts'
import { redisProgram } from '../bootstrap/redis.ts'
import { projectRoot } from '../bootstrap/settings.ts'
import { buildWeb } from '../bootstrap/web.ts'

/** `make test` and `make soak`: all set-up, the suite, and one line at the end: `N passed, N failed`. Arguments go to vitest. */
async function main(): Promise<number> {
  const { step } = createProgress(process.stderr)
  await step('Web app', buildWeb)
  await step('Redis', redisProgram)
  await step('Browser', chromiumProgram)
  const folder = mkdtempSync(join(tmpdir(), 'slipway-summary-'))
  const file = join(folder, 'summary.json')
  // The suite starts hundreds of processes that load the same modules.
  const NODE_COMPILE_CACHE = join(projectRoot, 'node_modules/.cache/compiled')
  const code = await vitest({ NODE_COMPILE_CACHE, ...process.env, SLIPWAY_TEST_SUMMARY: file })
  const summary = readJson<{ passed: number; failed: number }>(file) ?? { passed: 0, failed: 1 }
  rmSync(folder, { recursive: true, force: true })
  const failed = code === 0 ? summary.failed : Math.max(1, summary.failed)
  console.log(`${summary.passed} passed, ${failed} failed`)
  return failed === 0 ? 0 : 1
}

function vitest(env: NodeJS.ProcessEnv): Promise<number> {
  const args = [join(projectRoot, 'node_modules/vitest/vitest.mjs'), 'run', ...process.argv.slice(2)]
  const child = spawn(process.execPath, args, { cwd: projectRoot, env, stdio: ['ignore', 'inherit', 'inherit'] })
  for (const signal of ['SIGINT', 'SIGTERM'] as const) process.on(signal, () => child.kill(signal))
  return new Promise((resolve, reject) => {
    child.on('error', reject)
    child.on('close', code => resolve(code ?? 1))
  })
}

try {
  process.exit(await main())
} catch (error) {
  console.error(error instanceof Error ? error.message : error)
  console.log('0 passed, 1 failed')
  process.exit(1)
}
