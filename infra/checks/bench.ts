import { spawn } from 'node:child_process'
import { globSync } from 'node:fs'
import { createInterface } from 'node:readline'
import { RESULT, type Row, table } from '../../test/bench/measure.ts'
import { projectRoot } from '../bootstrap/settings.ts'

/**
 * `make bench`: runs the benchmarks (`test/bench/*.bench.ts`, each a program) one after the other, so that none disturbs another, and ends
 * with one table of all. Arguments choose among them by name.
 */
const chosen = process.argv.slice(2)
const scripts = globSync('test/bench/*.bench.ts', { cwd: projectRoot })
  .filter(script => chosen.length === 0 || chosen.some(name => script.includes(name)))
  .sort()
const rows: Row[] = []
const failed: string[] = []
for (const script of scripts) {
  console.log(`\n${script}`)
  const code = await runScript(script)
  if (code !== 0) failed.push(script)
}
console.log(`\n${table(rows)}`)
if (failed.length > 0) console.error(`failed: ${failed.join(', ')}`)
process.exit(failed.length > 0 ? 1 : 0)

/** Shows what the program prints and keeps the rows that it tells as JSON; gives its exit code. */
async function runScript(script: string): Promise<number | null> {
  const child = spawn(process.execPath, [script], { cwd: projectRoot, stdio: ['ignore', 'pipe', 'inherit'] })
  const closed = new Promise<number | null>((resolve, reject) => child.on('close', resolve).on('error', reject))
  for await (const line of createInterface({ input: child.stdout })) {
    console.log(line)
    if (line.startsWith(RESULT)) rows.push(...(JSON.parse(line) as { rows: Row[] }).rows)
  }
  return closed
}
