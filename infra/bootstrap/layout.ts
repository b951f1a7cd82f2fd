import { randomBytes } from 'node:crypto'
import { mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'

/** Where the parts of an installation's data lie, as functions of its data folder. */
export function layout(dataDir: string) {
  return {
    dataDir,
    credentials: join(dataDir, 'credentials.json'),
    installation: join(dataDir, 'installation'),
    embedded: join(dataDir, 'embedded.json'),
    state: join(dataDir, 'run/supervisor.json'),
    pid: (name: string) => join(dataDir, `run/${name}.pid`),
    logs: join(dataDir, 'logs'),
    log: (name: string) => join(dataDir, `logs/${name}.log`),
    postgres: join(dataDir, 'postgres'),
    redis: join(dataDir, 'redis'),
  }
}

export type Layout = ReturnType<typeof layout>

/** Where the parts lie that another system user than root must reach, when it cannot reach the data folder. */
export function fallbackFolder(installation: string): string {
  return `/var/lib/slipway/${installation}`
}

/** What the embedded servers keep between starts, so that their addresses stay the same. */
export type Embedded = { password: string; postgresPort?: number; redisPort?: number; postgresDir?: string }

/** The installation's id, 12 hexadecimal digits; made at the first call. It names its containers, so that two on one machine stay apart. */
export function installationId(paths: Layout): string {
  const known = readText(paths.installation)?.trim()
  if (known) return known
  const id = randomBytes(6).toString('hex')
  mkdirSync(paths.dataDir, { recursive: true })
  try {
    writeFileSync(paths.installation, `${id}\n`, { flag: 'wx' })
    return id
  } catch {
    return readText(paths.installation)?.trim() ?? id
  }
}

/** The kept facts about the embedded servers; a new password where there are none. */
export function readEmbedded(paths: Layout): Embedded {
  return readJson<Embedded>(paths.embedded) ?? { password: randomBytes(18).toString('hex') }
}

/** Reads a JSON file; null where it is missing or broken. */
export function readJson<T>(file: string): T | null {
  try {
    return JSON.parse(readFileSync(file, 'utf8')) as T
  } catch {
    return null
  }
}

/** Writes a JSON file that only its owner can read, in one step, so that no reader sees half of it. */
export function writePrivateJson(file: string, value: unknown): void {
  mkdirSync(dirname(file), { recursive: true })
  const draft = `${file}.${process.pid}`
  rmSync(draft, { force: true })
  writeFileSync(draft, `${JSON.stringify(value, null, 2)}\n`, { mode: 0o600 })
  renameSync(draft, file)
}

function readText(file: string): string | null {
  try {
    return readFileSync(file, 'utf8')
  } catch {
    return null
  }
}
