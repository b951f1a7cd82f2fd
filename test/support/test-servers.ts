import { randomBytes } from 'node:crypto'
import { chmod, mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { ensureDocker } from '../../infra/bootstrap/ensure-docker.ts'
import { startPostgres } from '../../infra/bootstrap/postgres.ts'
import { startRedis } from '../../infra/bootstrap/redis.ts'
import { must, type OnProgress } from '../../infra/bootstrap/run.ts'
import { ensureSandboxImage } from '../../infra/bootstrap/sandbox-image.ts'
import { generateClient } from '../../prisma/generate.ts'

/** What the tests need to find the servers of a run. */
export type TestServers = {
  /** Connection string of the server's owner, on its maintenance database. */
  postgresUrl: string
  redisUrl: string
  /** Name of a migrated database that nobody connects to, for cloning. */
  template: string
  sandboxImage: string
}

const durabilityOff = ['fsync=off', 'synchronous_commit=off', 'full_page_writes=off']
const template = 'slipway'
const projectRoot = join(import.meta.dirname, '../..')

/**
 * Starts a private Postgres and Redis in a temporary folder, makes sure of Docker and the sandbox image, and migrates the database that tests
 * clone. Used once for a run of vitest and by each benchmark; `stop` ends the servers and deletes the folder.
 */
export async function startTestServers(
  onProgress: OnProgress = () => {},
): Promise<{ servers: TestServers; stop: () => Promise<void> }> {
  const folder = await mkdtemp(join(tmpdir(), 'slipway-test-'))
  // Postgres runs as another user than root and must get to its folder.
  await chmod(folder, 0o755)
  const password = randomBytes(12).toString('hex')
  const releases: (() => Promise<unknown>)[] = [() => rm(folder, { recursive: true, force: true })]
  const stop = async () => {
    for (const release of releases.reverse()) await release()
    releases.length = 0
  }
  try {
    const docker = await ensureDocker({ stateDir: join(projectRoot, '.slipway'), onProgress })
    const sandboxImage = await ensureSandboxImage({ docker, onProgress })
    onProgress('starting Postgres')
    const postgres = await startPostgres({
      dataDir: join(folder, 'postgres'),
      fallbackDir: join(folder, 'fallback'),
      logFile: join(folder, 'postgres.log'),
      password,
      settings: durabilityOff,
    })
    releases.push(postgres.stop)
    onProgress('starting Redis')
    const redis = await startRedis({
      dataDir: join(folder, 'redis'),
      logFile: join(folder, 'redis.log'),
      password,
      persist: false,
      installation: `test-${password.slice(0, 8)}`,
      onProgress,
    })
    releases.push(redis.stop)
    generateClient()
    // In a process of its own: the template can be cloned only while nobody is connected to it.
    const env = { ...process.env, DATABASE_URL: postgres.url }
    await must(process.execPath, [join(projectRoot, 'prisma/migrate.ts'), 'deploy'], { env })
    const postgresUrl = postgres.url.replace(/\/[^/]*$/, '/postgres')
    return { servers: { postgresUrl, redisUrl: redis.url, template, sandboxImage }, stop }
  } catch (error) {
    await stop()
    throw error
  }
}
