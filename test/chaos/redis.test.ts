import { Redis } from 'ioredis'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { rebuildAfterLoss, reconcile } from '../../shared/runtime/task-flow/reconcile.ts'
import { relayOutbox } from '../../shared/runtime/task-flow/relay.ts'
import { check } from '../support/checker.ts'
import { redisContainer, type ServerContainer } from '../support/containers.ts'
import { draft, type Engine, startEngine } from '../support/engine.ts'
import { eventually } from '../support/eventually.ts'
import { readHistory } from '../support/history.ts'
import { untilQuiet } from '../support/quiet.ts'
import { recordedStore, type Write } from '../support/recorded-store.ts'
import { random, scale, seed } from '../support/scale.ts'
import { createLoad } from './load.ts'

let server: ServerContainer

beforeAll(async () => {
  server = await redisContainer()
}, 300_000)
afterAll(() => server?.remove())

/** Asks the server over a connection of its own. */
async function ask<T>(work: (redis: Redis) => Promise<T>): Promise<T> {
  const redis = new Redis(server.url)
  try {
    return await work(redis)
  } finally {
    redis.disconnect()
  }
}

const inContainer = async (command: string) => {
  const exec = await server.container.exec({ Cmd: ['sh', '-c', command], AttachStdout: true, AttachStderr: true })
  const stream = await exec.start({})
  stream.resume()
  await eventually(async () => expect((await exec.inspect()).ExitCode).toBe(0))
}

const faults = {
  'is emptied': async () => {
    const before = await ask(redis => redis.dbsize())
    await ask(redis => redis.flushall())
    return before
  },
  'is restarted': async () => {
    const before = await ask(redis => redis.dbsize())
    await server.restart()
    return before
  },
  'is killed': async () => {
    const before = await ask(redis => redis.dbsize())
    await server.kill()
    await server.start()
    return before
  },
  'loses its log': async () => {
    const before = await ask(redis => redis.dbsize())
    const [, folder] = (await ask(redis => redis.config('GET', 'dir'))) as [string, string]
    await ask(redis => redis.set('canary', 'alive'))
    await inContainer(`rm -rf ${folder}/appendonlydir ${folder}/appendonly.aof`)
    await server.kill()
    await server.start()
    expect(await ask(redis => redis.exists('canary'))).toBe(0)
    return before
  },
}

/** Some tasks run and some wait for them. */
const busy = ({ db }: Engine) =>
  eventually(async () => {
    expect(await db.prisma.task.count({ where: { state: 'active' } })).toBeGreaterThan(0)
    expect(await db.prisma.task.count({ where: { state: 'queued' } })).toBeGreaterThan(0)
  })

test.each(Object.entries(faults))(
  'graphs of tasks settle in order when Redis %s',
  async (name, strike) => {
    const engine = await startEngine({ servers: { redisUrl: server.url } })
    const writes: Write[] = []
    const store = recordedStore(engine.store, write => writes.push(write))
    const load = createLoad(engine, random())
    const workers = ['one', 'two']
    for (const worker of workers) await engine.startWorker(load.execute(store), { name: worker, store })
    const found: number[] = []
    for (let round = 0; round < scale(20); round++) {
      await load.add(4)
      await busy(engine)
      found.push(await strike())
    }
    await load.add(1)
    await untilQuiet(engine, 120_000)
    // Redis was told everything again that it had forgotten, and nobody waits for what it has not.
    const history = await eventually(
      async () => {
        const now = await readHistory(engine.db, { writes, faulted: workers })
        expect(load.unsettled(now), `seed ${seed()}`).toEqual([])
        return now
      },
      { timeoutMs: 60_000, intervalMs: 500 },
    )
    expect(check(history), `seed ${seed()}`).toEqual([])
    expect(Math.min(...found)).toBeGreaterThan(0)
    console.log(
      `Redis ${name}: ${found.length} times, with ${found.join(', ')} keys; ${history.tasks.length} tasks settled`,
    )
  },
  3_600_000,
)

test('a thousand open tasks are told to an emptied Redis again, gates and all', async () => {
  const engine = await startEngine({ servers: { redisUrl: server.url } })
  const { store, db, flow, log } = engine
  const project = await engine.project()
  const deps = {
    ...engine,
    hints: { projectChanged() {}, delta() {}, taskChanged() {}, outboxFilled() {} },
    db,
    flow,
    log,
  }
  const drafts = Array.from({ length: 1_000 }, (_, index) =>
    draft(`t${index}`, index % 4 === 0 ? [] : [`t${index - 1}`]),
  )
  const ids = await store.createDrafts(project.id, drafts)
  await store.accept(project.id)
  const relayAll = async () => {
    while ((await relayOutbox({ db, flow })) > 0);
  }
  await rebuildAfterLoss(deps, 'test')
  await relayAll()
  const states = async () => {
    const rows = await db.prisma.task.findMany({ where: { id: { in: ids } }, orderBy: { number: 'asc' } })
    return Promise.all(rows.map(({ id, jobNumber }) => flow.stateOf(id, jobNumber!)))
  }
  const wanted = drafts.map(({ dependsOn }) => (dependsOn.length === 0 ? 'prioritized' : 'waiting-children'))
  expect(await states()).toEqual(wanted)

  const keys = await ask(redis => redis.dbsize())
  await ask(redis => redis.flushall())
  expect(keys).toBeGreaterThan(1_750)
  expect(new Set(await states())).toEqual(new Set(['unknown']))
  const startedAt = performance.now()
  expect(await rebuildAfterLoss(deps, 'test')).toBe(true)
  expect(await reconcile(deps)).toBe(1_000)
  await relayAll()
  console.log(
    `1,000 open tasks rebuilt in ${Math.round(performance.now() - startedAt)} ms after ${keys} keys were lost`,
  )
  expect(await states()).toEqual(wanted)
  expect(await rebuildAfterLoss(deps, 'test')).toBe(false)
  expect(await reconcile(deps)).toBe(0)
})
