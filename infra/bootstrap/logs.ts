import { spawn } from 'node:child_process'
import { globSync } from 'node:fs'
import { join } from 'node:path'
import { layout } from './layout.ts'
import { projectRoot, readSettings } from './settings.ts'

/** `make logs`: follows every log of the installation; lines of the services are worded for people. */
const paths = layout(readSettings().dataDir)
const files = globSync(join(paths.logs, '*.log'))
if (files.length === 0) {
  console.error(`No logs in ${paths.logs} yet: make up`)
  process.exit(1)
}
const tail = spawn('tail', ['-n', '100', '-F', ...files], { stdio: ['ignore', 'pipe', 'inherit'] })
const pretty = join(projectRoot, 'node_modules/pino-pretty/bin.js')
spawn(process.execPath, [pretty, '--translateTime', 'SYS:HH:MM:ss'], { stdio: [tail.stdout, 'inherit', 'inherit'] })
process.on('SIGINT', () => tail.kill())
