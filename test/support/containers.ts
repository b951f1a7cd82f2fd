import { randomBytes } from 'node:crypto'
import { join } from 'node:path'
import type Docker from 'dockerode'
import { Redis } from 'ioredis'
import pg from 'pg'
import { GenericContainer, type StartedTestContainer } from 'testcontainers'
import { ensureBaseImage } from '../../infra/bootstrap/base-image.ts'
import { dockerClient } from '../../infra/bootstrap/docker.ts'
import { freePort } from '../../infra/bootstrap/ports.ts'
import { must } from '../../infra/bootstrap/run.ts'
import { eventually } from './eventually.ts'

/**
 * A server of a test's own in a container, which it may treat badly. The address stays the same over every restart. Whatever brings it back
 * returns only when it answers again.
 */
export type ServerContainer = {
  url: string
  /** The engine's handle, for what is not here. */
  container: Docker.Container
  /** In good order and at once up again; what was acknowledged is kept. */
  restart(): Promise<void>
  /** As by kill -9; it stays away until `start`. */
  kill(): Promise<void>
  start(): Promise<void>
  /** Frozen: connections stay open and nothing answers. */
  pause(): Promise<void>
  resume(): Promise<void>
  /** Ends it for good and deletes its data. */
  remove(): Promise<void>
}

const projectRoot = join(import.meta.dirname, '../..')
const password = randomBytes(8).toString('hex')

/** A Postgres (Debian's 15) whose database has the product's schema. */
export async function postgresContainer(): Promise<ServerContainer> {
  const { started, port } = await launch('postgres', 5432, { POSTGRES_PASSWORD: password })
  const url = `postgresql://slipway:${password}@127.0.0.1:${port}/slipway`
  const server = handle(started, url, () => askPostgres(url))
  await server.start()
  const env = { ...process.env, DATABASE_URL: url }
  await must(process.execPath, [join(projectRoot, 'prisma/migrate.ts'), 'deploy'], { env })
  return server
}

/** A Redis (Debian's 7) that writes its log every second and never evicts, as the product's own. */
export async function redisContainer(): Promise<ServerContainer> {
  const { started, port } = await launch('redis', 6379, {})
  const url = `redis://127.0.0.1:${port}`
  const server = handle(started, url, () => askRedis(url))
  await server.start()
  return server
}

async function launch(
  kind: 'postgres' | 'redis',
  containerPort: number,
  environment: Record<string, string>,
): Promise<{ started: StartedTestContainer; port: number }> {
  // Its helper image cannot be pulled everywhere, and each test removes what it started.
  process.env.TESTCONTAINERS_RYUK_DISABLED = 'true'
  await ensureBaseImage(dockerClient())
  const context = join(projectRoot, 'infra/compose', kind)
  const image = await GenericContainer.fromDockerfile(context).build(`slipway-${kind}:bookworm`, {
    deleteOnExit: false,
  })
  const port = await freePort()
  const started = await image
    .withEnvironment(environment)
    .withExposedPorts({ container: containerPort, host: port })
    .withLabels({ 'slipway.test': String(process.pid) })
    .start()
  return { started, port }
}

function handle(started: StartedTestContainer, url: string, ask: () => Promise<void>): ServerContainer {
  const container = dockerClient().getContainer(started.getId())
  const answers = () => eventually(ask, { timeoutMs: 60_000, intervalMs: 100 })
  const isRunning = async () => (await container.inspect()).State.Running
  return {
    url,
    container,
    async restart() {
      await container.restart({ t: 20 })
      await answers()
    },
    async kill() {
      await container.kill()
      await eventually(async () => {
        if (await isRunning()) throw new Error('still running')
      })
    },
    async start() {
      if (!(await isRunning())) await container.start()
      await answers()
    },
    async pause() {
      await container.pause()
    },
    async resume() {
      await container.unpause()
      await answers()
    },
    async remove() {
      await container.remove({ force: true, v: true })
    },
  }
}

async function askPostgres(url: string): Promise<void> {
  const client = new pg.Client({ connectionString: url, connectionTimeoutMillis: 2_000 })
  client.on('error', () => {})
  try {
    await client.connect()
    await client.query('SELECT 1')
  } finally {
    await client.end().catch(() => {})
  }
}

async function askRedis(url: string): Promise<void> {
  const client = new Redis(url, {
    lazyConnect: true,
    connectTimeout: 2_000,
    maxRetriesPerRequest: 0,
    retryStrategy: () => null,
  })
  client.on('error', () => {})
  try {
    await client.connect()
    await client.ping()
  } finally {
    client.disconnect()
  }
}
