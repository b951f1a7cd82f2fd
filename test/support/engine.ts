import { v7 as uuid } from 'uuid'
import { createTaskWorker } from '../../services/worker/queue/task-worker.ts'
import { defaultSettings, type ProjectSettings } from '../../shared/contract/project.ts'
import type { TaskDraft } from '../../shared/contract/task.ts'
import { type Database, openDatabase } from '../../shared/runtime/db.ts'
import { createHintListener, createHints } from '../../shared/runtime/hints.ts'
import { createLog, type Log } from '../../shared/runtime/log.ts'
import { createNames, type Names } from '../../shared/runtime/names.ts'
import { connectRedis } from '../../shared/runtime/redis.ts'
import { createTaskFlow, type TaskFlow } from '../../shared/runtime/task-flow/index.ts'
import { createKeeper } from '../../shared/runtime/task-flow/keeper.ts'
import { type Claim, createTaskStore, type TaskStore } from '../../shared/runtime/task-store/index.ts'
import { cloneDatabase, freshPrefix, type Stage, testStage } from './servers.ts'

export interface Engine {
  db: Database
  databaseUrl: string
  redisUrl: string
  names: Names
  store: TaskStore
  flow: TaskFlow
  log: Log
  /** A worker with relay and reconciler, whose runs do what `execute` says instead of starting containers. */
  startWorker(execute: Execute, options?: WorkerOptions): Promise<{ stop(): Promise<void> }>
  /** An organization with a project, made directly in the database. */
  project(options?: { plan?: string; settings?: Partial<ProjectSettings> }): Promise<Project>
}

export interface WorkerOptions {
  name?: string
  concurrency?: number
  /** What its runs write with, where that is not the engine's own. */
  store?: TaskStore
  /** Without relay and reconciler. */
  keeper?: boolean
}

export interface EngineOptions {
  stage?: Stage
  /** Other servers than those all tests share. */
  servers?: { databaseUrl?: string; redisUrl?: string }
  /** The database as store and keeper see it. */
  seenAs?: (db: Database) => Database
}

export type Execute = (claim: Claim, signal: AbortSignal) => Promise<void>
export type Project = { id: string; organizationId: string; mainThreadId: string }

/** The task engine on a database and Redis prefix of its own, without API, containers and git. Ends with its stage. */
export async function startEngine({
  stage = testStage(),
  servers,
  seenAs = db => db,
}: EngineOptions = {}): Promise<Engine> {
  const closers: (() => Promise<unknown>)[] = []
  stage.onEnd(async () => {
    for (const close of closers.reverse()) await close()
  })
  const given = servers?.databaseUrl
  const database = given ? { url: given, drop: async () => {} } : await cloneDatabase(stage.servers)
  closers.push(database.drop)
  const url = servers?.redisUrl ?? stage.servers.redisUrl
  const log = createLog(process.env.LOG_LEVEL ?? 'silent')
  const names = createNames(freshPrefix())
  const db = openDatabase({ url: database.url })
  closers.push(() => db.close())
  const redis = connectRedis(url, { log })
  closers.push(async () => redis.disconnect())
  const hints = createHints({ redis, names, log })
  const flow = createTaskFlow({ redis, names })
  closers.push(() => flow.close())
  const seen = seenAs(db)
  const store = createTaskStore({ db: seen, hints, log })

  const engine: Engine = {
    db,
    databaseUrl: database.url,
    redisUrl: url,
    names,
    store,
    flow,
    log,
    async startWorker(
      execute,
      { name = `worker-${closers.length}`, concurrency = 10, keeper: keeps = true, ...own } = {},
    ) {
      const patient = connectRedis(url, { log, patient: true })
      const listener = createHintListener({ redis: connectRedis(url, { log }), log })
      const keeper = createKeeper({
        db: seen,
        hints,
        log,
        flow,
        listener,
        names,
        databaseUrl: database.url,
        installation: 'test',
      })
      const worker = createTaskWorker({
        store: own.store ?? store,
        listener,
        names,
        log,
        execute,
        redis: patient,
        worker: name,
        concurrency,
      })
      if (keeps) await keeper.start()
      await worker.start()
      let stopped: Promise<void> | undefined
      const stop = () => {
        stopped ??= (async () => {
          await worker.stop()
          if (keeps) await keeper.stop()
          await listener.close()
          patient.disconnect()
        })()
        return stopped
      }
      closers.push(stop)
      return { stop }
    },
    project: options => makeProject(db, options),
  }
  return engine
}

async function makeProject(
  { prisma }: Database,
  { plan = 'pro', settings = {} }: { plan?: string; settings?: Partial<ProjectSettings> } = {},
): Promise<Project> {
  const [organizationId, id, mainThreadId] = [uuid(), uuid(), uuid()]
  await prisma.organization.create({ data: { id: organizationId, slug: organizationId, name: 'Test', plan } })
  await prisma.project.create({
    data: {
      id,
      organizationId,
      slug: id,
      name: 'Test',
      defaultBranch: 'main',
      headSha: '0'.repeat(40),
      settings: { ...defaultSettings('runbook'), ...settings },
      counter: { create: {} },
      threads: { create: { id: mainThreadId, kind: 'main', title: 'Main' } },
    },
  })
  return { id, organizationId, mainThreadId }
}

/** A draft with only what the test cares about. */
export const draft = (key: string, dependsOn: string[] = [], rest: Partial<TaskDraft> = {}): TaskDraft => ({
  key,
  title: key,
  description: '',
  plan: `do ${key}`,
  doneWhen: '',
  dependsOn,
  priority: 0,
  ...rest,
})

/** Finishes a claimed task the way a successful run does, without having run anything. */
export const succeed = (store: TaskStore) => async (claim: Claim) => {
  await store.open(claim, { baseSha: '1'.repeat(40), prompt: claim.title })
  await store.ready(claim, { headSha: '2'.repeat(40), branch: `tasks/${claim.number}`, output: `did ${claim.title}` })
}
