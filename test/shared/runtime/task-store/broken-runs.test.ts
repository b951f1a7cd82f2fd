import { expect, test } from 'vitest'
import { LIMITS } from '../../../../shared/domain/limits.ts'
import { reconcile } from '../../../../shared/runtime/task-flow/reconcile.ts'
import { check } from '../../../support/checker.ts'
import { draft, startEngine, succeed } from '../../../support/engine.ts'
import { eventually } from '../../../support/eventually.ts'
import { readHistory } from '../../../support/history.ts'
import { claimAs, claimed, iterate, sha } from '../../../support/runs.ts'

const { brokenRuns, brokenRunPauseMs, brokenRunPauseMaxMs } = LIMITS.engine
const hints = { projectChanged() {}, taskChanged() {}, outboxFilled() {}, delta() {} }

async function one() {
  const engine = await startEngine()
  const { store, db } = engine
  const project = await engine.project({ plan: '1' })
  const [id, next] = (await store.createDrafts(project.id, [draft('a'), draft('b')])) as [string, string]
  await store.accept(project.id)
  const row = () => db.prisma.task.findUniqueOrThrow({ where: { id } })
  /** Milliseconds from the end of its last run to the next try. */
  const pause = async () => {
    const last = await db.prisma.run.findFirstOrThrow({ where: { taskId: id }, orderBy: { epoch: 'desc' } })
    return (await row()).dueAt!.getTime() - last.endedAt!.getTime()
  }
  /** Lets the pause be over. */
  const rested = async () => {
    await db.prisma.$executeRaw`UPDATE tasks SET due_at = now() - interval '1 second' WHERE id = ${id}::uuid`
    await reconcile({ ...engine, hints })
  }
  return { engine, store, db, id, next, row, pause, rested }
}

test('a run that breaks rests without a slot and a job, each time twice as long, and is failed in the end', async () => {
  const { engine, store, id, next, row, pause, rested } = await one()
  let total = 0
  for (let round = 1; round < brokenRuns; round++) {
    await store.giveBack(await claimed(engine, id), 'no docker')
    expect(await row()).toMatchObject({
      state: 'queued',
      brokenRuns: round,
      jobNumber: null,
      inLineAt: null,
      attempt: 1,
    })
    const expected = Math.min(brokenRunPauseMaxMs, brokenRunPauseMs * 2 ** (round - 1))
    expect(await pause()).toBe(expected)
    total += expected
    if (round === 1) {
      expect(check(await readHistory(engine.db), { atRest: false })).toEqual([])
      await reconcile({ ...engine, hints })
      expect(await row()).toMatchObject({ jobNumber: null })
      const other = await claimAs(engine, next, 'w')
      expect(other.kind).toBe('claimed')
      if (other.kind === 'claimed') await succeed(store)(other.claim)
    }
    await rested()
  }
  // An outage of a quarter of an hour is survived.
  expect(total).toBeGreaterThan(15 * 60_000)
  await store.giveBack(await claimed(engine, id), 'no docker')
  expect(await row()).toMatchObject({ state: 'failed', failureCode: 'infrastructure', attempt: 1, dueAt: null })
  expect((await row()).failureText).toContain('no docker')
})

test('a new checkpoint lets the pauses begin anew', async () => {
  const { engine, store, id, pause, rested } = await one()
  for (let round = 0; round < 4; round++) {
    await store.giveBack(await claimed(engine, id), 'no docker')
    await rested()
  }
  const claim = await claimed(engine, id)
  await store.open(claim, { baseSha: sha('1'), prompt: 'a' })
  await iterate(store, claim, 1)
  await store.giveBack(claim, 'no docker')
  expect(await pause()).toBe(brokenRunPauseMs)
})

test('a resting task can be cancelled, and nothing starts it again', async () => {
  const { engine, store, id, row, rested } = await one()
  await store.giveBack(await claimed(engine, id), 'no docker')
  await store.cancel(id)
  await rested()
  expect(await row()).toMatchObject({ state: 'cancelled', jobNumber: null })
})

test('a worker of which one run breaks works on others meanwhile, and comes back to it', async () => {
  const { engine, store, id, db, next } = await one()
  const order: string[] = []
  let broken = 0
  await engine.startWorker(
    async claim => {
      order.push(claim.title)
      if (claim.taskId === id && ++broken === 1) throw new Error('no docker here')
      await succeed(store)(claim)
    },
    { concurrency: 1 },
  )
  await eventually(async () => {
    expect(await db.prisma.task.findMany({ select: { state: true } })).toEqual([{ state: 'ready' }, { state: 'ready' }])
  })
  expect(order).toEqual(['a', 'b', 'a'])
  expect(next).not.toBe(id)
})
