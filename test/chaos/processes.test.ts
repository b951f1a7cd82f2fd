import { expect, test } from 'vitest'
import { check } from '../support/checker.ts'
import { draft, type Engine, type Project, startEngine } from '../support/engine.ts'
import { eventually } from '../support/eventually.ts'
import { readHistory } from '../support/history.ts'
import { readRecorded } from '../support/recorded-store.ts'
import { random, scale, seed } from '../support/scale.ts'
import { startWorkers, type WorkerProcess, type WorkerProcesses } from './processes.ts'

const ITERATIONS = 6
/** Kills whose tasks nobody has gone on with yet, at most, when the next worker is killed. */
const OPEN_RECOVERIES = 4

async function setting({ stepMs = 60, workers = 2 } = {}) {
  const engine = await startEngine()
  const project = await engine.project({ plan: '100' })
  const fleet = await startWorkers(engine, { workers, iterations: ITERATIONS, stepMs })
  return { engine, project, fleet }
}

interface HeldTask {
  id: string
  epoch: bigint
  deaths: number
}

const heldBy = (engine: Engine, name: string): Promise<HeldTask[]> =>
  engine.db.prisma.task.findMany({
    where: { state: 'active', leaseOwner: name, iterations: { gt: 0 } },
    select: { id: true, epoch: true, deaths: true },
  })

/** A worker in the middle of at least one task, and what it holds. Tasks that have lost many are spared: they would rightly fail. */
async function inTheMiddle(
  engine: Engine,
  fleet: WorkerProcesses,
  next = Math.random,
): Promise<[WorkerProcess, HeldTask[]]> {
  return eventually(
    async () => {
      const alive = fleet.workers.filter(worker => worker.alive())
      const worker = alive[Math.floor(next() * alive.length)]!
      const held = await heldBy(engine, worker.name)
      if (held.length === 0) throw new Error(`${worker.name} holds no task`)
      if (held.some(({ deaths }) => deaths >= 3))
        throw new Error(`${worker.name} holds a task that has lost three workers`)
      return [worker, held] as [WorkerProcess, HeldTask[]]
    },
    { timeoutMs: 60_000 },
  )
}

/** A worker stopped while it holds at least one task; one that was just finishing its last is let go again. */
async function stoppedInTheMiddle(engine: Engine, fleet: WorkerProcesses): Promise<[WorkerProcess, HeldTask[]]> {
  for (;;) {
    const [victim] = await inTheMiddle(engine, fleet)
    victim.pause()
    const held = await heldBy(engine, victim.name)
    if (held.length > 0) return [victim, held]
    victim.resume()
  }
}

/** Others have the tasks now, or have finished them. */
const goOnElsewhere = (engine: Engine, held: readonly HeldTask[]) =>
  eventually(
    async () => {
      const tasks = await engine.db.prisma.task.findMany({ where: { id: { in: held.map(({ id }) => id) } } })
      const left = tasks.filter(
        task => task.state === 'active' && held.some(({ id, epoch }) => id === task.id && epoch === task.epoch),
      )
      expect(left.map(({ title }) => title)).toEqual([])
    },
    { timeoutMs: 20_000, intervalMs: 200 },
  )

/** Waits until so many tasks are ready, and all of it has been told. */
const allReady = ({ db: { prisma } }: Engine, project: Project, count: number) =>
  eventually(
    async () => {
      expect(await prisma.task.count({ where: { projectId: project.id, state: 'ready' } })).toBe(count)
      expect(await prisma.outbox.count()).toBe(0)
    },
    { timeoutMs: 120_000, intervalMs: 200 },
  )

/** Chains of three, so that what is lost holds others up. */
const chains = (count: number) =>
  Array.from({ length: count }, (_, index) => draft(`t${index}`, index % 3 === 0 ? [] : [`t${index - 1}`]))

test('workers that are killed in the middle of their tasks lose nothing: others go on at the last iteration', async () => {
  const { engine, project, fleet } = await setting({ workers: 3, stepMs: 200 })
  const [count, kills] = [scale(500), scale(200)]
  const next = random()
  const faulted: string[] = []
  const late: Error[] = []
  const recoveries: Promise<unknown>[] = []
  await engine.store.createDrafts(project.id, chains(count))
  await engine.store.accept(project.id)
  let heldTasks = 0
  for (let kill = 0; kill < kills; kill++) {
    // Else only what was taken over is left to be killed, again and again.
    if ((await engine.db.prisma.task.count({ where: { state: 'queued' } })) < 12) {
      await engine.store.createDrafts(project.id, chains(12))
      await engine.store.accept(project.id)
    }
    const [victim, held] = await inTheMiddle(engine, fleet, next)
    await victim.kill()
    faulted.push(victim.name)
    heldTasks += held.length
    recoveries.push(goOnElsewhere(engine, held).catch(error => late.push(error)))
    await fleet.start()
    // A fleet whose workers all live for less than a lease would take nothing over.
    await recoveries.at(-OPEN_RECOVERIES)
  }
  await Promise.all(recoveries)
  expect(late).toEqual([])
  await allReady(engine, project, await engine.db.prisma.task.count())
  const history = await readHistory(engine.db, { writes: readRecorded(fleet.record), faulted })
  expect(check(history), `seed ${seed()}`).toEqual([])
  const lost = history.runs.filter(({ outcome }) => outcome === 'lost').length
  expect(lost).toBeGreaterThanOrEqual(kills)
  expect(history.tasks.every(({ attempt }) => attempt === 1)).toBe(true)
  console.log(
    `seed ${seed()}: ${kills} kills, ${heldTasks} tasks held, ${lost} taken over, ${history.tasks.length} ready, 0 violations`,
  )
}, 3_600_000)

test('workers that are stopped beyond their lease find that their writes come too late', async () => {
  const { engine, project, fleet } = await setting({ workers: 2, stepMs: 150 })
  const pauses = scale(20)
  const faulted: string[] = []
  for (let round = 0; round < pauses; round++) {
    await engine.store.createDrafts(project.id, chains(6))
    await engine.store.accept(project.id)
    const [victim, held] = await stoppedInTheMiddle(engine, fleet)
    faulted.push(victim.name)
    await goOnElsewhere(engine, held)
    victim.resume()
    await eventually(async () => {
      const refused = await engine.db.prisma.fencedWrite.findMany({ where: { worker: victim.name } })
      expect(refused.filter(({ taskId }) => held.some(({ id }) => id === taskId)).length).toBeGreaterThan(0)
    })
    await allReady(engine, project, 6 * (round + 1))
  }
  const history = await readHistory(engine.db, { writes: readRecorded(fleet.record), faulted })
  expect(check(history)).toEqual([])
  expect(history.fencedWrites).toBeGreaterThanOrEqual(pauses)
  console.log(`${pauses} pauses, ${history.fencedWrites} late writes, all refused and counted`)
}, 3_600_000)

test('a worker that is told to end gives its tasks back: no attempt is counted, nothing is done twice', async () => {
  const { engine, project, fleet } = await setting({ workers: 2 })
  await engine.store.createDrafts(project.id, chains(12))
  await engine.store.accept(project.id)
  const [leaver, held] = await inTheMiddle(engine, fleet)
  expect(await leaver.terminate()).toBe(0)
  expect(await engine.db.prisma.task.count({ where: { leaseOwner: leaver.name } })).toBe(0)
  const given = await engine.db.prisma.run.count({ where: { worker: leaver.name, outcome: 'queued' } })
  expect(given).toBeGreaterThan(0)
  expect(held.length).toBeGreaterThan(0)
  await allReady(engine, project, 12)
  const history = await readHistory(engine.db, { writes: readRecorded(fleet.record) })
  expect(check(history)).toEqual([])
  const tasks = await engine.db.prisma.task.findMany()
  expect(
    tasks.every(({ attempt, deaths, iterations }) => attempt === 1 && deaths === 0 && iterations === ITERATIONS),
  ).toBe(true)
})

test.each(['dies', 'hangs'] as const)('when the keeper of the outbox %s, another carries on', async fault => {
  const { engine, project, fleet } = await setting({ workers: 2 })
  const keeper = await eventually(async () => {
    const [row] = await engine.db.prisma.$queryRaw<[{ name: string }?]>`
      SELECT application_name AS name FROM pg_locks JOIN pg_stat_activity USING (pid)
      WHERE locktype = 'advisory' AND granted AND datname = current_database()`
    const found = fleet.workers.find(({ name }) => name === row?.name)
    if (!found) throw new Error('nobody keeps the outbox')
    return found
  })
  if (fault === 'dies') await keeper.kill()
  else keeper.pause()
  await engine.store.createDrafts(project.id, chains(3))
  await engine.store.accept(project.id)
  await allReady(engine, project, 3)
  const history = await readHistory(engine.db, { writes: readRecorded(fleet.record), faulted: [keeper.name] })
  expect(check(history)).toEqual([])
})
