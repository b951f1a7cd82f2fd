import { once } from 'node:events'
import { expect, test } from 'vitest'
import type { Claim, TaskStore } from '../../../../shared/runtime/task-store/index.ts'
import { draft, type Execute, startEngine, succeed } from '../../../support/engine.ts'
import { eventually } from '../../../support/eventually.ts'
import { expireLease, iterate, sha } from '../../../support/runs.ts'

async function one() {
  const engine = await startEngine()
  const { store, db } = engine
  const project = await engine.project()
  const [id] = (await store.createDrafts(project.id, [draft('a')])) as [string]
  await store.accept(project.id)
  const row = () => db.prisma.task.findUniqueOrThrow({ where: { id } })
  const becomes = (state: string) => eventually(async () => expect((await row()).state).toBe(state))
  return { engine, store, db, project, id, row, becomes }
}

/** Runs that last until they are told to stop, and the claim of the one that has begun. */
function lasting(store: TaskStore) {
  const begun = Promise.withResolvers<Claim>()
  const stopped = Promise.withResolvers<unknown>()
  const execute: Execute = async (claim, signal) => {
    await store.open(claim, { baseSha: sha('1'), prompt: claim.title })
    await iterate(store, claim, 1)
    begun.resolve(claim)
    if (!signal.aborted) await once(signal, 'abort')
    stopped.resolve(signal.reason)
    throw signal.reason
  }
  return { execute, begun: begun.promise, stopped: stopped.promise }
}

test('a worker that stops gives its task back at the last iteration, and another goes on', async () => {
  const { engine, store, row, becomes } = await one()
  const { execute, begun, stopped } = lasting(store)
  const worker = await engine.startWorker(execute, { name: 'leaver' })
  await begun
  await worker.stop()
  expect(await stopped).toMatchObject({ reason: 'shutdown' })
  expect(await row()).toMatchObject({ state: 'queued', attempt: 1, deaths: 0, iterations: 1, leaseOwner: null })
  await engine.startWorker(succeed(store))
  await becomes('ready')
  expect(await row()).toMatchObject({ attempt: 1, epoch: 2n })
})

test('a run of a cancelled task is told at once', async () => {
  const { engine, store, id, row } = await one()
  const { execute, begun, stopped } = lasting(store)
  await engine.startWorker(execute)
  await begun
  await store.cancel(id)
  expect(await stopped).toMatchObject({ reason: 'fenced' })
  expect(await row()).toMatchObject({ state: 'cancelled', iterations: 1 })
})

test('a run whose lease another has taken is told when it renews', async () => {
  const { engine, store, id, row } = await one()
  const { execute, begun, stopped } = lasting(store)
  await engine.startWorker(execute)
  await begun
  await expireLease(engine, id)
  const { jobNumber } = await row()
  expect(await store.claim(id, jobNumber!, 'thief')).toMatchObject({ kind: 'claimed' })
  expect(await stopped).toMatchObject({ reason: 'fenced' })
  expect(await row()).toMatchObject({ state: 'active', leaseOwner: 'thief', epoch: 2n })
})

test('a lease is renewed for as long as the run lasts', async () => {
  const { engine, store, row } = await one()
  const { execute, begun } = lasting(store)
  await engine.startWorker(execute)
  await begun
  const { leaseUntil } = await row()
  await eventually(async () => expect((await row()).leaseUntil!.getTime()).toBeGreaterThan(leaseUntil!.getTime()))
  expect(await row()).toMatchObject({ state: 'active', epoch: 1n })
})

test('a run that breaks for a reason of ours waits its turn again, the reason counted and kept', async () => {
  const { engine, store, db, id, row, becomes } = await one()
  let broken = 0
  await engine.startWorker(async claim => {
    if (++broken === 1) throw new Error('no docker here')
    await succeed(store)(claim)
  })
  await becomes('ready')
  expect(await row()).toMatchObject({ attempt: 1, epoch: 2n })
  const back = await db.prisma.event.findFirstOrThrow({
    where: { taskId: id, type: 'task.queued', payload: { path: ['from'], equals: 'active' } },
  })
  expect(back.payload).toMatchObject({ reason: 'no docker here' })
})

test('a claim that Postgres does not answer is tried again, and the job is not lost', async () => {
  const { engine, store, becomes, row } = await one()
  let refused = 0
  const shaky: TaskStore = {
    ...store,
    claim: async (...args) => {
      if (++refused <= 2) throw new Error('the database is away')
      return store.claim(...args)
    },
  }
  await engine.startWorker(succeed(store), { store: shaky })
  const { jobNumber } = await row()
  await becomes('ready')
  expect(refused).toBe(3)
  await eventually(async () => expect(await engine.db.prisma.outbox.findMany()).toEqual([]))
  expect(jobNumber).not.toBeNull()
})

test('a job whose task another worker holds comes back when the lease is over', async () => {
  const { engine, store, id, row, becomes } = await one()
  const { jobNumber } = await row()
  await store.claim(id, jobNumber!, 'silent')
  await engine.startWorker(succeed(store), { name: 'patient' })
  await becomes('ready')
  expect(await row()).toMatchObject({ epoch: 2n, deaths: 0 })
  expect(
    await engine.db.prisma.run.findMany({ orderBy: { epoch: 'asc' }, select: { worker: true, outcome: true } }),
  ).toEqual([
    { worker: 'silent', outcome: 'lost' },
    { worker: 'patient', outcome: 'ready' },
  ])
})

test('no more tasks run in a worker than it is made for', async () => {
  const engine = await startEngine()
  const { store, db } = engine
  const project = await engine.project({ plan: '100' })
  const ids = await store.createDrafts(
    project.id,
    Array.from({ length: 9 }, (_, index) => draft(`t${index}`)),
  )
  let running = 0
  let most = 0
  const full = Promise.withResolvers<void>()
  await engine.startWorker(
    async claim => {
      most = Math.max(most, ++running)
      if (running === 3) full.resolve()
      await full.promise
      await succeed(store)(claim)
      running--
    },
    { concurrency: 3 },
  )
  await store.accept(project.id)
  await eventually(async () => expect(await db.prisma.task.count({ where: { state: 'ready' } })).toBe(ids.length))
  expect(most).toBe(3)
})
