import type Docker from 'dockerode'
import type { Redis } from 'ioredis'
import type { Database } from '../../shared/runtime/db.ts'
import { createRemoteGitStore } from '../../shared/runtime/git-store/remote.ts'
import type { HintListener, Hints } from '../../shared/runtime/hints.ts'
import type { Log } from '../../shared/runtime/log.ts'
import type { Names } from '../../shared/runtime/names.ts'
import { createPriceList } from '../../shared/runtime/prices.ts'
import { compose, type Service } from '../../shared/runtime/service.ts'
import type { TaskFlow } from '../../shared/runtime/task-flow/index.ts'
import { createKeeper } from '../../shared/runtime/task-flow/keeper.ts'
import type { TaskStore } from '../../shared/runtime/task-store/index.ts'
import type { Tokens } from '../../shared/runtime/tokens.ts'
import { createApplyWorker } from './apply/apply-worker.ts'
import { createMainCheck } from './apply/main-check.ts'
import type { Broker } from './models/broker.ts'
import { createTaskWorker } from './queue/task-worker.ts'
import { createReaper } from './reaper.ts'
import { CREDENTIAL_MS, createRegistry } from './registry.ts'
import { runTask } from './run/run-task.ts'
import { createSandbox } from './sandbox/sandbox.ts'

export interface WorkerDeps {
  db: Database
  store: TaskStore
  flow: TaskFlow
  hints: Hints
  listener: HintListener
  names: Names
  log: Log
  /** A patient connection, for the queues. */
  redis: Redis
  tokens: Tokens
  broker: Broker
  docker: Docker
  databaseUrl: string
  apiUrl: string
  installation: string
  name: string
  concurrency: number
  version: string
  sandbox: { image: string; runtime: string | null }
  /** Whether MCP servers within the installation's own network may be reached. */
  allowLocalSources: boolean
}

/** One worker of the fleet: runs tasks and applies, and stands by to keep the queue in step with Postgres. */
export async function createWorker(deps: WorkerDeps): Promise<Service> {
  const { name, db, log, names, redis, store, listener, hints, broker } = deps
  const credential = await deps.tokens.issue({
    kind: 'worker',
    label: name,
    expiresAt: new Date(Date.now() + CREDENTIAL_MS),
  })
  const git = createRemoteGitStore({ url: deps.apiUrl, token: credential.token })
  const { image, runtime } = deps.sandbox
  const sandbox = createSandbox({
    docker: deps.docker,
    image,
    installation: deps.installation,
    runtime: runtime ?? undefined,
    log,
  })
  const runDeps = { store, git, sandbox, broker, hints, log, prices: createPriceList({ db }) }
  const checkMain = createMainCheck(runDeps)
  return compose([
    { start: async () => {}, stop: () => deps.tokens.revoke(credential.id) },
    createRegistry({
      db,
      log,
      name,
      concurrency: deps.concurrency,
      version: deps.version,
      credentialId: credential.id,
    }),
    createReaper({ db, sandbox, log }),
    createKeeper(deps),
    createApplyWorker({ ...runDeps, checkMain, redis, names, worker: name }),
    createTaskWorker({
      store,
      listener,
      names,
      log,
      redis,
      worker: name,
      concurrency: deps.concurrency,
      execute: (claim, signal) =>
        runTask({ ...runDeps, checkMain, mcp: { allowLocal: deps.allowLocalSources } }, claim, signal),
    }),
  ])
}
