import { writeFileSync } from 'node:fs'
import { setTimeout as pause } from 'node:timers/promises'
import { createTaskWorker } from '../../services/worker/queue/task-worker.ts'
import { openDatabase } from '../../shared/runtime/db.ts'
import { createHintListener, createHints } from '../../shared/runtime/hints.ts'
import { createLog } from '../../shared/runtime/log.ts'
import { createNames } from '../../shared/runtime/names.ts'
import { connectRedis } from '../../shared/runtime/redis.ts'
import { Fenced } from '../../shared/runtime/refused.ts'
import { createTaskFlow } from '../../shared/runtime/task-flow/index.ts'
import { createKeeper } from '../../shared/runtime/task-flow/keeper.ts'
import { type Claim, createTaskStore } from '../../shared/runtime/task-store/index.ts'
import { pipelineWork, shapeOf, tasksOf } from '../support/pipelines.ts'
import { recordedStore, recordInto } from '../support/recorded-store.ts'
import { iterate, sha } from '../support/runs.ts'

/**
 * A worker as a process of its own whose runs store some iterations and sleep between them, instead of starting containers; a task that is
 * called after a shape starts sub-agents. It
 * notices nothing of a lost claim but what the store tells it, as an agent in the middle of a call would.
 */
const { DATABASE_URL, REDIS_URL, WORKER_NAME, PREFIX, RECORD, READY_FILE, ITERATIONS, STEP_MS } = process.env as Record<
  string,
  string
>

const log = createLog(process.env.LOG_LEVEL ?? 'silent', { worker: WORKER_NAME })
const names = createNames(PREFIX)
const db = openDatabase({ url: DATABASE_URL! })
const redis = connectRedis(REDIS_URL!, { log })
const hints = createHints({ redis, names, log })
const flow = createTaskFlow({ redis, names })
const store = recordedStore(createTaskStore({ db, hints, log }), recordInto(RECORD!))
const listener = createHintListener({ redis: connectRedis(REDIS_URL!, { log }), log })
const patient = connectRedis(REDIS_URL!, { log, patient: true })

/** Once more where the connection was lost in the middle: so a write that comes too late is told that it does. */
const insist = (write: () => Promise<unknown>, times = 5): Promise<unknown> =>
  write().catch((error: Error) => {
    if (error instanceof Fenced || times === 0) throw error
    return insist(write, times - 1)
  })

const withSubAgents = pipelineWork(store, {
  asks: ({ title }) => tasksOf(shapeOf(title)!),
  steps: Number(ITERATIONS),
  stepMs: Number(STEP_MS),
})

const execute = async (claim: Claim, signal: AbortSignal) => {
  if (claim.kind === 'pipeline' || shapeOf(claim.title)) return withSubAgents(claim)
  await store.open(claim, { baseSha: sha('1'), prompt: claim.title })
  const { iteration: from } = await store.load(claim)
  for (let iteration = from + 1; iteration <= Number(ITERATIONS); iteration++) {
    await pause(Number(STEP_MS))
    // A shut-down is obeyed; that another holds the task is left to the fence.
    if ((signal.reason as { reason?: string } | undefined)?.reason === 'shutdown') signal.throwIfAborted()
    await insist(() => store.readMessages(claim))
    await insist(() => iterate(store, claim, iteration))
  }
  await store.ready(claim, { headSha: sha('2'), branch: `tasks/${claim.number}`, output: claim.title })
}

const deps = { db, hints, log, flow, listener, names, databaseUrl: DATABASE_URL!, installation: 'test' }
const keeper = createKeeper(deps)
const worker = createTaskWorker({
  store,
  listener,
  names,
  log,
  execute,
  redis: patient,
  worker: WORKER_NAME!,
  concurrency: 4,
})
await keeper.start()
await worker.start()

process.once('SIGTERM', async () => {
  await worker.stop()
  await keeper.stop()
  await flow.close()
  await listener.close()
  redis.disconnect()
  patient.disconnect()
  await db.close()
})
writeFileSync(READY_FILE!, String(process.pid))
