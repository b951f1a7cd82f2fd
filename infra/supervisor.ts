import { rmSync } from 'node:fs'
import { join } from 'node:path'
import { fallbackFolder, installationId, layout, readEmbedded, writePrivateJson } from './bootstrap/layout.ts'
import { stopPid, writePid } from './bootstrap/pid-file.ts'
import { isPortFree } from './bootstrap/ports.ts'
import { startPostgres } from './bootstrap/postgres.ts'
import { startRedis } from './bootstrap/redis.ts'
import { must } from './bootstrap/run.ts'
import { startProcess } from './bootstrap/server-process.ts'
import { projectRoot, readSettings } from './bootstrap/settings.ts'
import { type Running, supervise } from './supervise.ts'
import { type SupervisorState, writeState } from './supervisor-state.ts'

/*
 * Runs detached, one for an installation: embedded servers, migrations, then the services; and keeps all of them running until SIGTERM.
 * Usage: node infra/supervisor.ts DATA_DIR FINGERPRINT (the folder stands there so that the process list tells whose it is).
 */

const settings = readSettings()
const paths = layout(settings.dataDir)
const installation = installationId(paths)
const releases: (() => Promise<unknown>)[] = []
const state: SupervisorState = {
  phase: 'servers',
  fingerprint: process.argv[3] ?? '',
  servicesExits: 0,
  servicesReady: false,
}

function tell(change: Partial<SupervisorState>): void {
  Object.assign(state, change)
  writeState(paths, state)
}

function log(message: string): void {
  console.log(`${new Date().toISOString()} ${message}`)
}

function keep(name: string, first: Running, start: () => Promise<Running>, onEnd: () => void = () => {}): void {
  const supervised = supervise({
    first,
    start,
    onEnd(reason, pauseMs) {
      log(`${name} ${reason}; again in ${pauseMs} ms`)
      onEnd()
    },
  })
  releases.push(() => supervised.stop())
}

async function startServers(): Promise<{ databaseUrl: string; redisUrl: string }> {
  const embedded = readEmbedded(paths)
  const remember = () => writePrivateJson(paths.embedded, embedded)
  remember()
  const { password } = embedded
  let { databaseUrl, redisUrl } = settings.config
  if (!databaseUrl) {
    const options = {
      dataDir: paths.postgres,
      fallbackDir: fallbackFolder(installation),
      logFile: paths.log('postgres'),
    }
    const start = () => startPostgres({ ...options, password, port: embedded.postgresPort })
    const server = await start()
    embedded.postgresPort = server.port
    embedded.postgresDir = server.dataDir
    databaseUrl = server.url
    keep('postgres', running(server), async () => running(await onSamePort(server.port, start)))
  }
  if (!redisUrl) {
    const marker = `redis-server 127.0.0.1:${embedded.redisPort}`
    await stopPid(paths.pid('redis'), marker)
    const options = { dataDir: paths.redis, logFile: paths.log('redis'), installation }
    const start = async () => {
      const server = await startRedis({ ...options, password, port: embedded.redisPort })
      writePid(paths.pid('redis'), server.process.pid)
      return server
    }
    const server = await start()
    embedded.redisPort = server.port
    redisUrl = server.url
    keep('redis', running(server), async () => running(await onSamePort(server.port, start)))
  }
  remember()
  return { databaseUrl, redisUrl }
}

function running(server: { process: { exited: Promise<void> }; stop(): Promise<void> }): Running {
  return { exited: server.process.exited, stop: () => server.stop() }
}

/** The services hold the address that they were started with, so a server comes back on the same port or not yet. */
async function onSamePort<T>(port: number, start: () => Promise<T>): Promise<T> {
  if (!(await isPortFree(port))) throw new Error(`port ${port} is taken`)
  return start()
}

async function startServices(env: NodeJS.ProcessEnv): Promise<Running> {
  const logFile = paths.log('slipway')
  const server = await startProcess(process.execPath, [join(projectRoot, 'services/main.ts'), settings.dataDir], {
    cwd: projectRoot,
    env,
    logFile,
    onMessage: () => tell({ servicesReady: true }),
  })
  writePid(paths.pid('services'), server.pid)
  return { exited: server.exited, stop: () => server.stop('SIGTERM') }
}

async function main(): Promise<void> {
  writePid(paths.pid('supervisor'), process.pid)
  tell({})
  const urls = await startServers()
  tell({ ...urls, phase: 'migrating' })
  const env = {
    ...settings.env,
    DATABASE_URL: urls.databaseUrl,
    REDIS_URL: urls.redisUrl,
    SLIPWAY_DATA: settings.dataDir,
    // Whoever joins another's database works under the id that stands there.
    ...(settings.config.databaseUrl ? {} : { SLIPWAY_INSTALLATION: installation }),
  }
  log(await must(process.execPath, [join(projectRoot, 'prisma/migrate.ts'), 'deploy'], { cwd: projectRoot, env }))
  await stopPid(paths.pid('services'), 'services/main.ts')
  tell({ phase: 'starting' })
  const start = () => startServices(env)
  keep('services', await start(), start, () => tell({ servicesExits: state.servicesExits + 1, servicesReady: false }))
}

let ending: Promise<void> | undefined
function end(code: number): Promise<void> {
  ending ??= (async () => {
    for (const release of releases.reverse()) await release()
    for (const name of ['services', 'redis', 'supervisor']) rmSync(paths.pid(name), { force: true })
    if (code === 0) rmSync(paths.state, { force: true })
    process.exit(code)
  })()
  return ending
}

for (const signal of ['SIGTERM', 'SIGINT'] as const) process.on(signal, () => void end(0))
process.on('SIGHUP', () => {})

try {
  await main()
} catch (error) {
  const message = error instanceof Error ? error.message : String(error)
  log(`failed: ${message}`)
  tell({ phase: 'failed', message })
  await end(1)
}
