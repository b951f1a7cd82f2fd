import { existsSync } from 'node:fs'
import { chmod, chown, mkdir, readFile, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import pg from 'pg'
import { processCommand } from './pid-file.ts'
import { preferPort } from './ports.ts'
import { type PostgresHome, postgresHome } from './postgres-home.ts'
import { must } from './run.ts'
import { type ServerProcess, startProcess, untilReady } from './server-process.ts'

/** A Postgres server that belongs to this process. */
export type EmbeddedPostgres = {
  /** Connection string of the owner on the database `slipway`. */
  url: string
  port: number
  dataDir: string
  process: ServerProcess
  /** Fast shutdown: open transactions are rolled back, what is committed stays. */
  stop(): Promise<void>
}

export type PostgresOptions = {
  /** Folder for the cluster; another one is chosen under `fallbackDir` where the server's user cannot get there. */
  dataDir: string
  fallbackDir: string
  logFile: string
  password: string
  /** Taken while it is free. */
  port?: number | undefined
  /** Settings on the server's command line, such as `fsync=off` in tests. */
  settings?: string[]
}

const user = 'slipway'
const database = 'slipway'

/**
 * Starts the Postgres that npm installed, on the loopback interface; makes the cluster first where there is none. As root the server runs
 * as the user `postgres`, which is made where it is missing, and from places which that user can reach. A server that an
 * earlier process left behind on the same cluster is stopped first. Throws with the end of the server's log.
 */
export async function startPostgres(options: PostgresOptions): Promise<EmbeddedPostgres> {
  const { logFile, password, settings = [] } = options
  const home = await postgresHome(options)
  await stopLeftoverPostgres(home.dataDir)
  if (!existsSync(join(home.dataDir, 'PG_VERSION'))) await makeCluster(home, password)
  const port = await preferPort(options.port)
  const flags = ['listen_addresses=127.0.0.1', 'unix_socket_directories=', 'max_connections=300', ...settings]
  const args = ['-D', home.dataDir, '-p', String(port), ...flags.flatMap(flag => ['-c', flag])]
  const server = await startProcess(join(home.binDir, 'postgres'), args, {
    ...home.identity,
    cwd: home.dataDir,
    logFile,
  })
  const url = `postgresql://${user}:${encodeURIComponent(password)}@127.0.0.1:${port}/`
  await untilReady(server, logFile, () => ensureDatabase(`${url}postgres`))
  const stop = () => server.stop('SIGINT')
  return { url: `${url}${database}`, port, dataDir: home.dataDir, process: server, stop }
}

async function makeCluster(home: PostgresHome, password: string): Promise<void> {
  const passwordFile = join(home.dataDir, '..', 'initdb-password')
  await rm(home.dataDir, { recursive: true, force: true })
  await mkdir(home.dataDir, { recursive: true })
  await chmod(home.dataDir, 0o700)
  await writeFile(passwordFile, password, { mode: 0o600 })
  const { uid, gid } = home.identity
  if (uid !== undefined && gid !== undefined) {
    await chown(home.dataDir, uid, gid)
    await chown(passwordFile, uid, gid)
  }
  const options = [
    '--auth=scram-sha-256',
    `--username=${user}`,
    `--pwfile=${passwordFile}`,
    '--encoding=UTF8',
    '--locale=C',
  ]
  try {
    await must(join(home.binDir, 'initdb'), [`--pgdata=${home.dataDir}`, ...options], {
      ...home.identity,
      cwd: home.dataDir,
    })
  } finally {
    await rm(passwordFile, { force: true })
  }
}

async function ensureDatabase(adminUrl: string): Promise<void> {
  const client = new pg.Client({ connectionString: adminUrl, connectionTimeoutMillis: 5_000 })
  client.on('error', () => {})
  await client.connect()
  try {
    const { rowCount } = await client.query('SELECT 1 FROM pg_database WHERE datname = $1', [database])
    if (!rowCount) await client.query(`CREATE DATABASE ${database}`)
  } finally {
    await client.end()
  }
}

/** Stops a server that an earlier process left behind on this cluster. */
export async function stopLeftoverPostgres(dataDir: string): Promise<void> {
  const pid = await postmaster(dataDir)
  if (pid === null) return
  process.kill(pid, 'SIGINT')
  while ((await postmaster(dataDir)) !== null) await delay(100)
}

/** The process id of a server that runs on this cluster, or null. */
export async function postmaster(dataDir: string): Promise<number | null> {
  try {
    const pid = Number((await readFile(join(dataDir, 'postmaster.pid'), 'utf8')).split('\n')[0])
    const command = (await processCommand(pid)) ?? ''
    return command.includes('postgres') && command.includes(dataDir) ? pid : null
  } catch {
    return null
  }
}
