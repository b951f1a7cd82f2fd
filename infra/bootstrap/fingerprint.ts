import { createHash } from 'node:crypto'
import { existsSync, globSync, readFileSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { projectRoot, type Settings } from './settings.ts'

/** A digest of the files under some folders of the project (names and contents), to see whether anything changed. */
export function digestOf(patterns: string[], root = projectRoot): string {
  const hash = createHash('sha256')
  for (const file of patterns.flatMap(pattern => globSync(pattern, { cwd: root })).sort()) {
    const path = join(root, file)
    if (existsSync(path) && statSync(path).isFile()) hash.update(`${file}\0`).update(readFileSync(path)).update('\0')
  }
  return hash.digest('hex').slice(0, 16)
}

/** A digest of what the running services depend on: settings, sources, migrations, installed packages, the sandbox image. */
export function servicesFingerprint(settings: Settings, sandboxImage: string): string {
  const values = JSON.stringify({ ...settings.config, worker: settings.config.worker.concurrency })
  const services = [
    'services/main.ts',
    ...['api', 'gateway', 'worker', 'runner'].map(name => `services/${name}/**/*.ts`),
  ]
  const files = digestOf([
    ...services,
    'shared/**/*.ts',
    'prisma/**/*.{ts,sql,prisma}',
    'infra/**/*.ts',
    'package-lock.json',
  ])
  return createHash('sha256')
    .update([values, files, sandboxImage, process.version].join('\n'))
    .digest('hex')
    .slice(0, 16)
}
