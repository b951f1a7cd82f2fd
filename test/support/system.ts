import { randomBytes } from 'node:crypto'
import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { ContainerInfo } from 'dockerode'
import { removeContainers } from '../../infra/bootstrap/down.ts'
import { preferPort } from '../../infra/bootstrap/ports.ts'
import { startRedis } from '../../infra/bootstrap/redis.ts'
import { type ServerProcess, startProcess } from '../../infra/bootstrap/server-process.ts'
import { LABELS } from '../../services/worker/sandbox/labels.ts'
import { type Client, createClient } from '../../shared/contract/client.ts'
import { type Database, openDatabase } from '../../shared/runtime/db.ts'
import { createTokens, ensureDefaultOrganization } from '../../shared/runtime/tokens.ts'
import { eventually } from './eventually.ts'
import { cloneDatabase, docker, type Stage, testStage } from './servers.ts'

export interface SystemOptions {
  /** Roles of the first process; the others are started with `start`. */
  services?: string
  plan?: string
  /** More of the environment, for example where models are. */
  env?: Record<string, string>
  stage?: Stage
}

export interface System {
  url: string
  /** An admin's token of the default organization. */
  token: string
  client: Client
  db: Database
  databaseUrl: string
  redisUrl: string
  /** Marks the containers of this system. */
  installation: string
  /** Folder with the repositories and logs. */
  folder: string
  /** The containers of its tasks, running or not. */
  containers(): Promise<ContainerInfo[]>
  /** One more process with these roles; resolves when it is ready. */
  start(services: string, env?: Record<string, string>): Promise<SystemProcess>
  /** The first process. */
  main: SystemProcess
}

export interface SystemProcess extends ServerProcess {
  name: string
  /** What it logged so far, a line an event. */
  log(): Promise<string>
}

const ROOT = join(import.meta.dirname, '../..')

/** All of Slipway as real processes on a database, a Redis and a port of its own. Ends with its stage. */
export async function startSystem(options: SystemOptions = {}): Promise<System> {
  const { services = 'api,gateway,worker', plan = 'pro', env = {}, stage = testStage() } = options
  const folder = await mkdtemp(join(tmpdir(), 'slipway-system-'))
  stage.onEnd(() => rm(folder, { recursive: true, force: true }))
  const database = await cloneDatabase(stage.servers)
  stage.onEnd(database.drop)
  const installation = `system-${randomBytes(6).toString('hex')}`
  // A worker that was killed leaves what its task ran in; with the last one gone nobody else clears it away.
  stage.onEnd(() => removeContainers(docker(), installation))
  const redis = await startRedis({
    dataDir: join(folder, 'redis'),
    logFile: join(folder, 'redis.log'),
    password: randomBytes(12).toString('hex'),
    persist: false,
    installation,
  })
  stage.onEnd(() => redis.stop())
  const db = openDatabase({ url: database.url, connections: 3 })
  stage.onEnd(() => db.close())
  const admin = await ensureDefaultOrganization(db, { plan })
  const { token } = await createTokens({ db }).issue({ kind: 'api', ...admin, label: 'test' })
  const port = await preferPort(undefined)
  const url = `http://127.0.0.1:${port}`
  const common = {
    ...process.env,
    NODE_ENV: 'test',
    LOG_LEVEL: 'info',
    DATABASE_URL: database.url,
    REDIS_URL: redis.url,
    API_URL: url,
    SLIPWAY_DATA: folder,
    SLIPWAY_PLAN: plan,
    SLIPWAY_INSTALLATION: installation,
    SANDBOX_IMAGE: stage.servers.sandboxImage,
    ...env,
  }
  let count = 0
  const start = async (roles: string, more: Record<string, string> = {}): Promise<SystemProcess> => {
    const name = `p${count++}`
    const logFile = join(folder, `${name}.log`)
    let ready = false
    const child = await startProcess(process.execPath, [join(ROOT, 'services/main.ts')], {
      cwd: ROOT,
      logFile,
      env: { ...common, SERVICES: roles, WORKER_NAME: name, PORT: roles.includes('api') ? String(port) : '0', ...more },
      onMessage: () => {
        ready = true
      },
    })
    stage.onEnd(() => child.stop('SIGTERM'))
    const log = () => readFile(logFile, 'utf8')
    let ended = false
    void child.exited.then(() => {
      ended = true
    })
    await eventually(async () => {
      if (!ready)
        throw new Error(`${roles} is not ready${ended ? ', it has ended' : ''}:\n${(await log()).slice(-4_000)}`)
    })
    return { ...child, name, log }
  }
  const main = await start(services)
  const client = createClient({ url, token })
  const filters = { label: [`${LABELS.installation}=${installation}`] }
  const containers = () => docker().listContainers({ all: true, filters })
  const [databaseUrl, redisUrl] = [database.url, redis.url]
  return { url, token, client, db, databaseUrl, redisUrl, installation, folder, containers, start, main }
}
