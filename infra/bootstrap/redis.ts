import { chmod, mkdir, writeFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { Redis } from 'ioredis'
import { aptInstall } from './apt.ts'
import { preferPort } from './ports.ts'
import { redisInContainer } from './redis-container.ts'
import { type RedisOptions, redisSettings } from './redis-settings.ts'
import { isDebianRoot, type OnProgress, which } from './run.ts'
import { type ServerProcess, startProcess, untilReady } from './server-process.ts'

/** A Redis server that belongs to this process. */
export type EmbeddedRedis = {
  url: string
  port: number
  process: ServerProcess
  /** Orderly shutdown: what was acknowledged is on disk afterwards. */
  stop(): Promise<void>
}

/**
 * Starts Redis on the loopback interface: `redis-server` from PATH, else from Debian's package (root on Debian), else in a
 * container. It never evicts (BullMQ's keys must stay) and writes its log every second. Throws with the end of the server's log.
 */
export async function startRedis(options: RedisOptions): Promise<EmbeddedRedis> {
  const { dataDir, logFile, password, onProgress = () => {} } = options
  await mkdir(dataDir, { recursive: true })
  await mkdir(dirname(logFile), { recursive: true })
  const binary = await redisProgram(onProgress)
  const port = await preferPort(options.port)
  const url = `redis://:${encodeURIComponent(password)}@127.0.0.1:${port}`
  const server = binary
    ? await startProcess(binary, [await configFile(options, port)], { logFile, cwd: dataDir })
    : await redisInContainer({ ...options, port, onProgress })
  await untilReady(server, logFile, () => ping(url))
  return { url, port, process: server, stop: () => server.stop('SIGTERM') }
}

/** The path of redis-server, installed first where that can be done; null where Redis has to run in a container. */
export async function redisProgram(onProgress: OnProgress = () => {}): Promise<string | null> {
  if (!which('redis-server') && isDebianRoot()) {
    onProgress('installing redis-server')
    await aptInstall(['redis-server'], onProgress)
  }
  return which('redis-server')
}

/** A file, since a password on the command line could be read by everybody on the machine. */
async function configFile({ dataDir, password, persist = true }: RedisOptions, port: number): Promise<string> {
  const file = join(dataDir, 'redis.conf')
  const place = ['bind 127.0.0.1', `port ${port}`, `dir ${JSON.stringify(dataDir)}`, `requirepass ${password}`]
  await writeFile(file, [...place, ...redisSettings(persist), ''].join('\n'), { mode: 0o600 })
  await chmod(file, 0o600)
  return file
}

async function ping(url: string): Promise<void> {
  const client = new Redis(url, { lazyConnect: true, maxRetriesPerRequest: 0, retryStrategy: () => null })
  client.on('error', () => {})
  try {
    await client.connect()
    await client.ping()
  } finally {
    client.disconnect()
  }
}
