import { execFile } from 'node:child_process'
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { Queue } from 'bullmq'
import { Redis } from 'ioredis'
import { v7 as uuid } from 'uuid'
import { createApi } from '../../../services/api/app.ts'
import type { ApiDeps } from '../../../services/api/deps.ts'
import { type Client, createClient } from '../../../shared/contract/client.ts'
import { type Database, openDatabase } from '../../../shared/runtime/db.ts'
import { createLocalGitStore } from '../../../shared/runtime/git-store/local.ts'
import type { LocalGitStore } from '../../../shared/runtime/git-store/types.ts'
import { createHints } from '../../../shared/runtime/hints.ts'
import { createLog, type Log } from '../../../shared/runtime/log.ts'
import { createNames, type Names } from '../../../shared/runtime/names.ts'
import { createTaskStore, type TaskStore } from '../../../shared/runtime/task-store/index.ts'
import { createTokens, ensureDefaultOrganization, type Role, type Tokens } from '../../../shared/runtime/tokens.ts'
import { freshDatabase, freshPrefix, redisUrl } from '../../support/servers.ts'

/** Somebody with a token, and a client that carries it. */
export interface Person {
  organizationId: string
  userId: string
  tokenId: string
  token: string
  client: Client
}

/** A whole API on a free port, with a database, a Redis prefix and a folder of its own. */
export interface TestApi {
  url: string
  db: Database
  databaseUrl: string
  redis: Redis
  names: Names
  log: Log
  tokens: Tokens
  store: TaskStore
  git: LocalGitStore
  repositories: string
  server: Server
  /** An administrator and a member of one organization, and an administrator of another. */
  admin: Person
  member: Person
  stranger: Person
  /** One request as it stands, with the administrator's token unless another is given. */
  send(method: string, path: string, request?: SendOptions): Promise<Sent>
  close(): Promise<void>
}

export interface SendOptions {
  token?: string | null
  /** Sent as JSON. */
  body?: unknown
  /** Sent as it is. */
  raw?: string
  headers?: Record<string, string>
}

export interface Sent {
  status: number
  headers: Headers
  text: string
  // biome-ignore lint/suspicious/noExplicitAny: tests look into answers of every shape
  json: any
}

/** What a test may have otherwise; `databaseUrl` and `redisUrl` lead elsewhere than to the servers of the run. */
export type Changes = Partial<ApiDeps> & { throughDatabase?: (url: string) => string; redis?: Redis }

export async function startApi({ throughDatabase, ...changes }: Changes = {}): Promise<TestApi> {
  const fresh = await freshDatabase()
  const folder = await mkdtemp(join(tmpdir(), 'slipway-api-'))
  const repositories = join(folder, 'repos')
  const sampleDirectory = join(folder, 'sample')
  const log = createLog(process.env.LOG_LEVEL ?? 'silent')
  const db = openDatabase({ url: throughDatabase?.(fresh.url) ?? fresh.url, connections: 6 })
  const direct = throughDatabase ? openDatabase({ url: fresh.url, connections: 2 }) : db
  const redis = changes.redis ?? new Redis(redisUrl())
  const queueRedis = new Redis(redisUrl(), { maxRetriesPerRequest: null })
  const names = createNames(freshPrefix())
  const hints = createHints({ redis, names, log })
  const tokens = createTokens({ db })
  const store = createTaskStore({ db, hints, log })
  const git = createLocalGitStore({
    root: repositories,
    allowLocalSources: true,
    env: process.env,
    onError: error => log.error({ err: error }, 'git.failed'),
  })
  await writeSample(sampleDirectory)
  const queues = Object.values(names.queues).map(
    name => new Queue(name, { connection: queueRedis, prefix: names.prefix }),
  )

  let url = ''
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
    queues,
    models: {
      default: 'runbook:default',
      available: ['runbook'],
      refuse: name => (/^runbook(:default)?$/.test(name) ? null : `“${name}” is not configured here.`),
    },
    sample: { directory: sampleDirectory, settings: { checkCommand: 'node --test' } },
    webRoot: join(folder, 'web'),
    publicUrl: () => url,
    rateLimit: 1_000_000,
    environment: 'test',
    version: '0.0.0-test',
    ...changes,
  })
  const server = createServer(api.app)
  await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve))
  url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
  await api.start()

  const setUp = createTokens({ db: direct })
  const person = async (organizationId: string, role: Role): Promise<Person> => {
    const user = await direct.prisma.user.create({ data: { id: uuid(), organizationId, name: role, role } })
    const { id, token } = await setUp.issue({ kind: 'api', organizationId, userId: user.id, label: role })
    return { organizationId, userId: user.id, tokenId: id, token, client: createClient({ url, token }) }
  }
  const { organizationId } = await ensureDefaultOrganization(direct, { plan: 'pro' })
  const other = await direct.prisma.organization.create({
    data: { id: uuid(), slug: 'other', name: 'Other', plan: 'pro' },
  })
  const admin = await person(organizationId, 'admin')

  return {
    url,
    db: direct,
    databaseUrl: fresh.url,
    redis,
    names,
    log,
    tokens,
    store,
    git,
    repositories,
    server,
    admin,
    member: await person(organizationId, 'member'),
    stranger: await person(other.id, 'admin'),
    send: (method, path, options) => send(url + path, method, { token: admin.token, ...options }),
    async close() {
      await api.stop()
      server.closeAllConnections()
      await new Promise(resolve => server.close(resolve))
      await Promise.all(queues.map(queue => queue.close()))
      queueRedis.disconnect()
      redis.disconnect()
      await db.close()
      if (direct !== db) await direct.close()
      await fresh.drop()
      await rm(folder, { recursive: true, force: true })
    },
  }
}

async function send(url: string, method: string, { token, body, raw, headers }: SendOptions): Promise<Sent> {
  const content = raw ?? (body === undefined ? undefined : JSON.stringify(body))
  const response = await fetch(url, {
    method,
    redirect: 'manual',
    headers: {
      ...(token && { authorization: `Bearer ${token}` }),
      ...(content !== undefined && { 'content-type': 'application/json' }),
      ...headers,
    },
    ...(content !== undefined && { body: content }),
  })
  const text = await response.text()
  return { status: response.status, headers: response.headers, text, json: parse(text) }
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}

async function writeSample(directory: string): Promise<void> {
  await mkdir(directory)
  await writeFile(join(directory, 'README.md'), '# Sample\n')
}

/** A number that changes with any row of any table. Times at which workers were seen do not count. */
export async function digest(db: Database): Promise<string> {
  const tables = await db.prisma.$queryRaw<{ name: string }[]>`
    SELECT table_name AS name FROM information_schema.tables
    WHERE table_schema = 'public' AND table_name <> '_prisma_migrations' ORDER BY 1`
  const parts = await Promise.all(
    tables.map(async ({ name }) => {
      const [row] = await db.prisma.$queryRawUnsafe<{ hash: string }[]>(
        `SELECT count(*) || ' ' || coalesce(sum(hashtextextended(t::text, 0)), 0) AS hash FROM "${name}" t`,
      )
      return `${name} ${row?.hash}`
    }),
  )
  return parts.join('\n')
}

/** Runs git as a person would, without any settings of this machine; gives what it printed. */
export async function git(...args: string[]): Promise<string> {
  const env = { ...process.env, GIT_CONFIG_GLOBAL: '/dev/null', GIT_CONFIG_NOSYSTEM: '1', GIT_TERMINAL_PROMPT: '0' }
  const identity = ['-c', 'user.name=Ada', '-c', 'user.email=ada@example.com']
  return (await promisify(execFile)('git', [...identity, ...args], { env })).stdout.trim()
}

/** A clone URL that carries a token as its password. */
export const withToken = (cloneUrl: string, token: string): string => cloneUrl.replace('//', `//any:${token}@`)

/** The call of a task's agent that a pipeline came of, as far as its row needs one. */
export const CALL = { attempt: 1, iteration: 1, callIndex: 0, baseSha: 'a'.repeat(40) }
