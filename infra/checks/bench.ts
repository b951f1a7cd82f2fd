import { spawnSync } from 'node:child_process'
import { globSync } from 'node:fs'
import { projectRoot } from '../bootstrap/settings.ts'

/** `make bench`: runs the benchmarks (`test/bench/*.bench.ts`, each a program) one after the other, so that none disturbs another. */
const scripts = globSync('test/bench/*.bench.ts', { cwd: projectRoot }).sort()
const failed = scripts.filter(script => {
  console.log(`\n${script}`)
  return spawnSync(process.execPath, [script], { cwd: projectRoot, stdio: 'inherit' }).status !== 0
})
if (failed.length > 0) console.error(`failed: ${failed.join(', ')}`)
process.exit(failed.length > 0 ? 1 : 0)
