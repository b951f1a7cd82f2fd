import { readFileSync } from 'node:fs'
import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import { dockerClient } from '../infra/bootstrap/docker.ts'
import { ensureSandboxImage } from '../infra/bootstrap/sandbox-image.ts'
import { type Config, ConfigError, loadConfig } from '../shared/runtime/config.ts'
import { openDatabase } from '../shared/runtime/db.ts'
import { createLocalGitStore } from '../shared/runtime/git-store/local.ts'
import { createHintListener, createHints } from '../shared/runtime/hints.ts'
import { installationId } from '../shared/runtime/installation.ts'
import { createLog, type Log } from '../shared/runtime/log.ts'
import { createNames } from '../shared/runtime/names.ts'
import { connectRedis } from '../shared/runtime/redis.ts'
import { compose, type Service } from '../shared/runtime/service.ts'
import { createTaskFlow } from '../shared/runtime/task-flow/index.ts'
import { createTaskStore } from '../shared/runtime/task-store/index.ts'
import { createTokens, ensureDefaultOrganization } from '../shared/runtime/tokens.ts'
import { createBroker } from './worker/models/broker.ts'

const ROOT = join(import.meta.dirname, '..')
const { version } = JSON.parse(readFileSync(join(ROOT, 'package.json'), 'utf8')) as { version: string }
/** What SIGTERM leaves before the process ends by force. */
const STOP_WITHIN_MS = 10_000

/**
 * What `SERVICES` names, put together in one process; nothing runs before `start`. A role is loaded only where it runs: a worker of a
 * fleet begins sooner and is smaller without the API's libraries.
 */
async function assemble(config: Config, log: Log): Promise<Service> {
  const { databaseUrl, redisUrl, services } = config
  if (!databaseUrl || !redisUrl) {
    throw new ConfigError('Set DATABASE_URL and REDIS_URL, or run `make up`, which starts both.')
  }
  const runs = (name: (typeof services)[number]) => services.includes(name)
  const parts: Service[] = []
  const onStop = (stop: () => unknown) => parts.push({ start: async () => {}, stop: async () => void (await stop()) })

  const db = openDatabase({ url: databaseUrl, connections: 10 + (runs('worker') ? config.worker.concurrency : 0) })
  onStop(() => db.close())
  const redis = connectRedis(redisUrl, { log })
  const patient = connectRedis(redisUrl, { log, patient: true })
  onStop(() => {
    redis.disconnect()
    patient.disconnect()
  })
  const names = createNames()
  const hints = createHints({ redis, names, log })
  const listener = createHintListener({ redis: connectRedis(redisUrl, { log }), log })
  onStop(() => listener.close())
  const flow = createTaskFlow({ redis, names })
  onStop(() => flow.close())
  const store = createTaskStore({ db, hints, log, onCommitted: crashPoint(config) })
  const tokens = createTokens({ db })
  const broker = createBroker({ config: config.models, log })

  const http = createServer()
  const roles: Record<string, boolean> = Object.fromEntries(services.map(name => [name, false]))
  const role = (name: string, service: Service): Service => ({
    stop: service.stop,
    async start() {
      await service.start()
      roles[name] = true
    },
  })
  if (runs('api')) {
    const repositories = join(config.dataDir, 'repos')
    const git = createLocalGitStore({
      root: repositories,
      allowLocalSources: config.allowLocalSources,
      env: process.env,
      onError: (error, gitDir) => log.warn({ err: error, gitDir }, 'git.failed'),
    })
    const { createApi } = await import('./api/app.ts')
    const api = createApi({
      db,
      redis,
      hints,
      names,
      log,
      store,
      git,
      repositories,
      tokens,
      version,
      queues: flow.queues,
      models: {
        default: broker.defaultModel(),
        available: broker.availableProviders(),
        refuse: name => {
          const known = broker.knownModel(name)
          return known.ok ? null : known.message
        },
      },
      sample: { directory: join(ROOT, 'infra/sample'), settings: SAMPLE_SETTINGS },
      webRoot: join(ROOT, 'services/web/dist'),
      publicUrl: () => config.publicUrl,
      rateLimit: config.rateLimit,
      environment: config.environment,
      roles: () => roles,
    })
    http.on('request', api.app)
    await ensureDefaultOrganization(db, { plan: config.plan })
    parts.push(role('api', api))
  }
  if (runs('gateway')) {
    const { createGateway } = await import('./gateway/gateway.ts')
    parts.push(role('gateway', createGateway({ httpServer: http, db, listener, names, log, tokens })))
  }
  if (runs('api') || runs('gateway')) parts.push(listen(http, config, log))
  if (runs('worker')) {
    const { createWorker } = await import('./worker/index.ts')
    const worker = await createWorker({
      db,
      store,
      flow,
      hints,
      listener,
      names,
      log,
      redis: patient,
      tokens,
      broker,
      docker: dockerClient(),
      databaseUrl,
      apiUrl: config.apiUrl,
      installation: await installationId(db, process.env.SLIPWAY_INSTALLATION),
      name: config.worker.name,
      concurrency: config.worker.concurrency,
      version,
      allowLocalSources: config.allowLocalSources,
      sandbox: {
        image: config.sandbox.image ?? (await ensureSandboxImage({ caFile: config.sandbox.caFile ?? undefined })),
        runtime: config.sandbox.runtime,
      },
    })
    parts.push(role('worker', worker))
  }
  return compose(parts)
}

/** Under test a process can be told to die right after a commit, before it has told anybody. */
function crashPoint({ environment }: Config): (() => void) | undefined {
  if (environment !== 'test' || !process.env.SLIPWAY_CRASH_AFTER_COMMIT) return undefined
  return () => process.kill(process.pid, 'SIGKILL')
}

const SAMPLE_SETTINGS = {
  checkCommand: 'node --test',
  previewCommand: 'node src/server.js',
  previewPort: 3000,
}

function listen(server: Server, { host, port }: Config, log: Log): Service {
  return {
    async start() {
      await new Promise<void>((resolve, reject) => {
        server.once('error', reject)
        server.listen(port, host, resolve)
      })
      log.info({ host, port: (server.address() as AddressInfo).port }, 'http.listening')
    },
    async stop() {
      const closed = new Promise(resolve => server.close(resolve))
      server.closeIdleConnections()
      setTimeout(() => server.closeAllConnections(), 2_000).unref()
      await closed
    },
  }
}

async function main(): Promise<void> {
  const config = loadConfig(process.env)
  const log = createLog(config.logLevel, { services: config.services.join(','), worker: config.worker.name })
  process.on('unhandledRejection', error => log.error({ err: error }, 'process.unhandled_rejection'))
  const system = await assemble(config, log)
  let stopping = false
  const stop = async (signal: string) => {
    if (stopping) return
    stopping = true
    log.info({ signal }, 'process.stopping')
    setTimeout(() => process.exit(1), STOP_WITHIN_MS).unref()
    await system.stop()
    process.exit(0)
  }
  process.on('SIGTERM', () => void stop('SIGTERM'))
  process.on('SIGINT', () => void stop('SIGINT'))
  await system.start()
  log.info({ url: config.publicUrl, version }, 'process.ready')
  process.send?.('ready')
}

main().catch((error: Error) => {
  if (error instanceof ConfigError) console.error(error.message)
  else console.error(error)
  process.exit(1)
})
