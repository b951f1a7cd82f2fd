import { Worker } from 'bullmq'
import { expect, test } from 'vitest'
import { LIMITS } from '../../../../shared/domain/limits.ts'
import { connectRedis } from '../../../../shared/runtime/redis.ts'
import { reconcile, removeOrphans } from '../../../../shared/runtime/task-flow/reconcile.ts'
import { relayOutbox } from '../../../../shared/runtime/task-flow/relay.ts'
import { draft, startEngine } from '../../../support/engine.ts'
import { claimAs, claimed, expireLease, work } from '../../../support/runs.ts'

const silent = { projectChanged() {}, delta() {}, taskChanged() {}, outboxFilled() {} }

async function pair({ plan = 'pro', count = 0 } = {}) {
  const engine = await startEngine()
  const { store, db } = engine
  const project = await engine.project({ plan })
  const more = Array.from({ length: count }, (_, index) => draft(`t${index}`))
  const [a, b, ...rest] = (await store.createDrafts(project.id, [draft('a'), draft('b', ['a']), ...more])) as [
    string,
    string,
    ...string[],
  ]
  await store.accept(project.id)
  const deps = { ...engine, hints: silent }
  const relayAll = async () => {
    while ((await relayOutbox(engine)) > 0);
  }
  const row = (id: string) => db.prisma.task.findUniqueOrThrow({ where: { id } })
  const job = async (id: string) => {
    const { jobNumber } = await row(id)
    return jobNumber === null ? null : engine.flow.stateOf(id, jobNumber)
  }
  /** Takes the next job, as a worker that does nothing more with it. */
  const takeJob = async () => {
    const connection = connectRedis(engine.redisUrl, { log: engine.log, patient: true })
    const [tasks] = engine.flow.queues
    const taker = new Worker(tasks!.name, null, { connection, prefix: tasks!.opts.prefix! })
    expect((await taker.getNextJob('token'))?.data).toEqual({ taskId: a })
    await taker.close()
    connection.disconnect()
  }
  /** Lets the time pass after which the reconciler looks. */
  const due = () =>
    db.prisma.$executeRaw`UPDATE tasks SET due_at = now() - interval '1 second' WHERE due_at IS NOT NULL`
  return { engine, store, db, deps, relayAll, row, job, takeJob, due, project, a, b, rest }
}

test('a job that is there is left alone, one that is held not looked at again before something happens', async () => {
  const { deps, relayAll, row, due, a, b } = await pair()
  await relayAll()
  const before = [(await row(a)).jobNumber, (await row(b)).jobNumber]
  await due()
  expect(await reconcile(deps)).toBe(0)
  expect([(await row(a)).jobNumber, (await row(b)).jobNumber]).toEqual(before)
  expect((await row(a)).dueAt!.getTime()).toBeGreaterThan(Date.now())
  expect((await row(b)).dueAt).toBeNull()
})

test('a job that Redis has forgotten is made anew, with its gates', async () => {
  const { engine, deps, relayAll, row, job, due, a, b } = await pair()
  await relayAll()
  for (const id of [a, b]) await engine.flow.discard(id, (await row(id)).jobNumber!)
  expect([await job(a), await job(b)]).toEqual(['unknown', 'unknown'])
  await due()
  expect(await reconcile(deps)).toBe(2)
  await relayAll()
  expect([await job(a), await job(b)]).toEqual(['prioritized', 'waiting-children'])
})

test('a job that the outbox still holds is not missing', async () => {
  const { deps, row, due, a } = await pair()
  const { jobNumber } = await row(a)
  await due()
  expect(await reconcile(deps)).toBe(0)
  expect((await row(a)).jobNumber).toBe(jobNumber)
})

test('a gate that was forgotten to be released is noticed', async () => {
  const { engine, store, db, deps, relayAll, job, due, a, b } = await pair()
  await relayAll()
  await work(store, 0)(await claimed(engine, a))
  await db.prisma.outbox.deleteMany()
  await due()
  expect(await job(b)).toBe('waiting-children')
  expect(await reconcile(deps)).toBe(1)
  await relayAll()
  expect(await job(b)).toBe('prioritized')
})

test('a lost worker is noticed as soon as its lease is over, and not before', async () => {
  const { engine, deps, relayAll, row, job, takeJob, a } = await pair()
  await relayAll()
  await takeJob()
  await claimed(engine, a, 'alpha')
  expect(await reconcile(deps)).toBe(0)
  await expireLease(engine, a)
  await engine.db.prisma.$executeRaw`UPDATE tasks SET due_at = lease_until WHERE id = ${a}::uuid`
  expect(await reconcile(deps)).toBe(1)
  await relayAll()
  expect(await job(a)).toBe('prioritized')
  expect(await row(a)).toMatchObject({ state: 'active', epoch: 1n, attempt: 1 })
  expect(await claimAs(engine, a, 'beta')).toMatchObject({ kind: 'claimed', claim: { epoch: 2n } })
})

test('a task whose next worker is lost too, before its claim, is called again; one that waits for a worker is not', async () => {
  const { engine, deps, relayAll, row, job, takeJob, due, a } = await pair()
  await relayAll()
  await takeJob()
  await claimed(engine, a, 'alpha')
  await expireLease(engine, a)
  await due()
  expect(await reconcile(deps)).toBe(1)
  await relayAll()
  await due()
  expect(await reconcile(deps)).toBe(0)
  const { jobNumber, dueAt } = await row(a)
  expect(dueAt!.getTime() - Date.now()).toBeLessThanOrEqual(LIMITS.engine.takeOverMs)
  await takeJob()
  await due()
  expect(await reconcile(deps)).toBe(1)
  await relayAll()
  expect((await row(a)).jobNumber).not.toBe(jobNumber)
  expect(await job(a)).toBe('prioritized')
})

test('a lost task whose old job has come back behind the others gets one before them', async () => {
  const { engine, deps, relayAll, rest, a } = await pair({ count: 3 })
  const lost = rest.at(-1)!
  await relayAll()
  await claimed(engine, lost, 'alpha')
  await expireLease(engine, lost)
  await engine.db.prisma.$executeRaw`UPDATE tasks SET due_at = lease_until WHERE id = ${lost}::uuid`
  const [queue] = engine.flow.queues
  const waiting = async () => (await queue!.getJobs(['prioritized'], 0, -1, true)).map(job => job.data.taskId)
  expect(await waiting()).toEqual([a, ...rest])
  expect(await reconcile(deps)).toBe(1)
  await relayAll()
  expect(await waiting()).toEqual([lost, a, ...rest.slice(0, -1)])
})

test('more lost jobs than one batch takes are all made anew, once', async () => {
  const { db, deps, relayAll, due } = await pair({ count: 1_198 })
  await db.prisma.outbox.deleteMany()
  await due()
  expect(await reconcile(deps)).toBe(1_200)
  expect(await reconcile(deps)).toBe(0)
  await relayAll()
  expect(await deps.flow.queues[0]!.getJobCountByTypes('prioritized', 'waiting-children')).toBe(1_200)
})

test('a task that somebody is just changing is left for the next time', async () => {
  const { db, deps, row, due, a } = await pair()
  await db.prisma.outbox.deleteMany()
  await due()
  const { jobNumber } = await row(a)
  await db.prisma.$transaction(async sql => {
    await sql.$executeRaw`SELECT 1 FROM tasks WHERE id = ${a}::uuid FOR UPDATE`
    expect(await reconcile(deps)).toBe(1)
  })
  expect((await row(a)).jobNumber).toBe(jobNumber)
  expect(await reconcile(deps)).toBe(1)
})

test('a task that waits for a time goes on when it has come', async () => {
  const { engine, store, deps, row, a } = await pair()
  const until = new Date(Date.now() + 3_600_000).toISOString()
  await store.park(await claimed(engine, a), { reason: 'provider', waitingOn: [], until })
  await reconcile(deps)
  expect((await row(a)).state).toBe('waiting')
  await engine.db.prisma.$executeRaw`UPDATE tasks SET due_at = now() - interval '1 second' WHERE id = ${a}::uuid`
  await reconcile(deps)
  expect(await row(a)).toMatchObject({ state: 'queued', attempt: 1, waitingFor: null })
  expect(await claimAs(engine, a, 'w')).toMatchObject({ kind: 'claimed' })
})

test('slots that a raised plan gives are filled', async () => {
  const { engine, db, deps, row, project, a, rest } = await pair({ plan: '1', count: 2 })
  await claimed(engine, a)
  for (const id of rest) await claimAs(engine, id, 'w')
  await db.prisma.organization.update({ where: { id: project.organizationId }, data: { plan: '2' } })
  await reconcile(deps)
  expect((await row(rest[0]!)).jobNumber).not.toBeNull()
  expect((await row(rest[1]!)).jobNumber).toBeNull()
})

test('a line of applies that nobody works on is told to the queue again', async () => {
  const { engine, store, db, deps, a } = await pair()
  await work(store, 0)(await claimed(engine, a))
  await store.requestApply(a)
  await db.prisma.outbox.deleteMany()
  await reconcile(deps)
  expect(await db.prisma.outbox.count()).toBe(0)
  await db.prisma.$executeRaw`UPDATE applies SET requested_at = now() - interval '1 minute'`
  await reconcile(deps)
  expect(await db.prisma.outbox.findMany({ select: { kind: true } })).toEqual([{ kind: 'apply' }])
})

test('jobs whose task is gone, or has another job by now, are swept away', async () => {
  const { engine, store, db, deps, relayAll, job, a, b, rest } = await pair({ count: 1 })
  await relayAll()
  await store.update(a, { priority: 5 })
  await db.prisma.outbox.deleteMany({ where: { kind: 'discard' } })
  await relayAll()
  await db.prisma.task.delete({ where: { id: rest[0]! } })
  const jobs = () => engine.flow.queues[0]!.getJobCountByTypes('prioritized', 'waiting-children')
  expect(await jobs()).toBe(4)
  expect(await removeOrphans(deps)).toBe(2)
  expect(await jobs()).toBe(2)
  expect([await job(a), await job(b)]).toEqual(['prioritized', 'waiting-children'])
})
