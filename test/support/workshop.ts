import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import express from 'express'
import { internalGitRoutes } from '../../services/api/git/internal-routes.ts'
import { createApplyWorker } from '../../services/worker/apply/apply-worker.ts'
import { createMainCheck } from '../../services/worker/apply/main-check.ts'
import { type Broker, createBroker } from '../../services/worker/models/broker.ts'
import type { ModelConfig } from '../../services/worker/models/model-name.ts'
import type { RunDeps } from '../../services/worker/run/deps.ts'
import { runTask } from '../../services/worker/run/run-task.ts'
import { createSandbox, type Sandbox } from '../../services/worker/sandbox/sandbox.ts'
import type { McpDeps } from '../../services/worker/tools/mcp/server.ts'
import { GIT_STORE_BASE } from '../../shared/contract/git-store.ts'
import type { ProjectSettings } from '../../shared/contract/project.ts'
import { createLocalGitStore } from '../../shared/runtime/git-store/local.ts'
import { createRemoteGitStore } from '../../shared/runtime/git-store/remote.ts'
import type { LocalGitStore } from '../../shared/runtime/git-store/types.ts'
import { createHints } from '../../shared/runtime/hints.ts'
import { createPriceList } from '../../shared/runtime/prices.ts'
import { connectRedis } from '../../shared/runtime/redis.ts'
import { type Engine, type Execute, type Project, startEngine } from './engine.ts'
import { docker, type Stage, testStage } from './servers.ts'

export interface Workshop extends Engine {
  git: LocalGitStore
  /** Folder of its repositories. */
  repositories: string
  sandbox: Sandbox
  broker: Broker
  /** The real work of a worker: containers, git, models. */
  execute: Execute
  /** What that works with. */
  runDeps: RunDeps
  /** Works off lines of applies too. */
  startApplies(): Promise<void>
  /** A project with a repository made from the given files. */
  repository(
    files: Record<string, string>,
    options?: { plan?: string; settings?: Partial<ProjectSettings> },
  ): Promise<Project>
}

/** The engine with containers, a git store behind HTTP, and models: all of Slipway but its API and gateway. */
export async function startWorkshop(
  models: ModelConfig = {},
  stage: Stage = testStage(),
  mcp: McpDeps = { allowLocal: true },
): Promise<Workshop> {
  const engine = await startEngine({ stage })
  const root = await mkdtemp(join(tmpdir(), 'slipway-workshop-'))
  stage.onEnd(() => rm(root, { recursive: true, force: true }))
  const { log, store, db, names } = engine
  const git = createLocalGitStore({
    root,
    allowLocalSources: true,
    env: process.env,
    onError: error => log.warn({ err: error }),
  })
  const url = await serveGit(engine, git, stage)
  const redis = connectRedis(engine.redisUrl, { log, patient: true })
  const hints = createHints({ redis, names, log })
  const sandbox = createSandbox({
    docker: docker(),
    image: stage.servers.sandboxImage,
    installation: names.prefix,
    log,
  })
  const broker = createBroker({ config: models, log })
  const base = { store, git: createRemoteGitStore({ url, token: 'workshop' }), sandbox, broker, hints, log }
  const deps = { ...base, prices: createPriceList({ db: engine.db }), checkMain: createMainCheck(base), mcp }
  const applies = createApplyWorker({ ...deps, redis, names, worker: 'applies' })
  stage.onEnd(async () => {
    await applies.stop()
    redis.disconnect()
  })
  return {
    ...engine,
    git,
    repositories: root,
    sandbox,
    broker,
    execute: (claim, signal) => runTask(deps, claim, signal),
    runDeps: deps,
    startApplies: () => applies.start(),
    async repository(files, options) {
      const project = await engine.project(options)
      const source = await mkdtemp(join(tmpdir(), 'slipway-source-'))
      stage.onEnd(() => rm(source, { recursive: true, force: true }))
      await writeFiles(source, files)
      const { headSha } = await git.create(project.id, { kind: 'directory', path: source })
      await db.prisma.project.update({ where: { id: project.id }, data: { headSha } })
      return project
    },
  }
}

async function serveGit({ db }: Engine, store: LocalGitStore, stage: Stage): Promise<string> {
  const app = express()
  const isCurrentEpoch = async (id: string, epoch: number) =>
    (await db.prisma.task.count({ where: { id, epoch, state: 'active' } })) > 0
  app.use(
    GIT_STORE_BASE,
    internalGitRoutes({
      store,
      authorizeWorker: async token => token === 'workshop',
      isCurrentEpoch,
      isCurrentLine: async (id, applyEpoch) =>
        (await db.prisma.project.count({ where: { id, applyEpoch, applyLeaseUntil: { not: null } } })) > 0,
    }),
  )
  const server = app.listen(0, '127.0.0.1')
  await new Promise(resolve => server.once('listening', resolve))
  stage.onEnd(async () => {
    server.closeAllConnections()
    server.close()
  })
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`
}

async function writeFiles(root: string, files: Record<string, string>): Promise<void> {
  for (const [path, content] of Object.entries(files)) {
    await mkdir(join(root, path, '..'), { recursive: true })
    await writeFile(join(root, path), content)
  }
}
