import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { digestOf } from './fingerprint.ts'
import { must, type OnProgress } from './run.ts'
import { projectRoot } from './settings.ts'

const stamp = join(projectRoot, 'services/web/dist/.digest')

/** Builds the web app into `services/web/dist` when its sources, or what it shares with the services, have changed since. */
export async function buildWeb(onProgress: OnProgress = () => {}): Promise<void> {
  if (!existsSync(join(projectRoot, 'services/web/index.html'))) return
  const sources = ['services/web/!(dist|node_modules)/**/*', 'services/web/*.*', 'shared/{contract,domain}/**/*.ts']
  const digest = digestOf([...sources, 'package-lock.json'])
  if (existsSync(stamp) && readFileSync(stamp, 'utf8') === digest) return
  const vite = join(projectRoot, 'node_modules/vite/bin/vite.js')
  await must(process.execPath, [vite, 'build', 'services/web'], { cwd: projectRoot, onLine: onProgress })
  writeFileSync(stamp, digest)
}

if (import.meta.main) await buildWeb(line => console.error(line))
