import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { run } from '../bootstrap/run.ts'
import { projectRoot } from '../bootstrap/settings.ts'

/** `make check`: types, lint and format, imports. Runs all of them, tells what each found, exits 1 when any found something. */
type Check = { title: string; find: () => Promise<string> }

function tool(title: string, script: string, args: string[]): Check {
  const find = async () => {
    const command = [join(projectRoot, 'node_modules', script), ...args]
    const { code, stdout, stderr } = await run(process.execPath, command, { cwd: projectRoot })
    return code === 0 ? '' : `${stdout}${stderr}` || `exit ${code}`
  }
  return { title, find }
}

const webConfig = 'services/web/tsconfig.json'
const checks: Check[] = [
  tool('Types', 'typescript/bin/tsc', ['--noEmit', '-p', 'tsconfig.json']),
  ...(existsSync(join(projectRoot, webConfig))
    ? [tool('Types of the web app', 'typescript/bin/tsc', ['--noEmit', '-p', webConfig])]
    : []),
  tool('Lint and format', '@biomejs/biome/bin/biome', ['check', '--error-on-warnings', '--max-diagnostics=50']),
  tool('Import directions and cycles', 'vitest/vitest.mjs', ['run', '--config', 'infra/checks/vitest.config.ts']),
]

let failed = false
for (const { title, find } of checks) {
  const findings = await find()
  console.log(`  ${findings ? '✗' : '✓'} ${title}`)
  if (findings) console.error(findings)
  failed ||= findings !== ''
}
process.exit(failed ? 1 : 0)
