import pg from 'pg'
import { expect, test } from 'vitest'
import { check } from '../support/checker.ts'
import { postgresContainer } from '../support/containers.ts'
import { startEngine } from '../support/engine.ts'
import { eventually } from '../support/eventually.ts'
import { readHistory } from '../support/history.ts'
import { untilQuiet } from '../support/quiet.ts'
import { recordedStore, type Write } from '../support/recorded-store.ts'
import { random, scale, seed } from '../support/scale.ts'
import { createLoad } from './load.ts'

test('graphs of tasks settle in order while Postgres is restarted and killed under them', async () => {
  const server = await postgresContainer()
  const upSince = async () => {
    const client = new pg.Client({ connectionString: server.url })
    client.on('error', () => {})
    await client.connect()
    const { rows } = await client.query<{ at: Date }>('SELECT pg_postmaster_start_time() AS at')
    await client.end()
    return rows[0]!.at.getTime()
  }
  try {
    const engine = await startEngine({ servers: { databaseUrl: server.url } })
    const { prisma } = engine.db
    const writes: Write[] = []
    const store = recordedStore(engine.store, write => writes.push(write))
    const load = createLoad(engine, random())
    const workers = ['one', 'two']
    for (const worker of workers) await engine.startWorker(load.execute(store), { name: worker, store })
    const strikes = [
      () => server.restart(),
      async () => {
        await server.kill()
        await server.start()
      },
    ]
    const rounds = scale(20)
    for (let round = 0; round < rounds; round++) {
      await eventually(() => load.add(4), { timeoutMs: 60_000 })
      await eventually(async () => {
        expect(await prisma.task.count({ where: { state: 'active' } })).toBeGreaterThan(0)
      })
      const before = await upSince()
      await strikes[round % strikes.length]!()
      expect(await upSince()).toBeGreaterThan(before)
    }
    const history = await eventually(
      async () => {
        await untilQuiet(engine, 60_000)
        const now = await readHistory(engine.db, { writes, faulted: workers })
        expect(load.unsettled(now), `seed ${seed()}`).toEqual([])
        return now
      },
      { timeoutMs: 180_000, intervalMs: 500 },
    )
    expect(check(history), `seed ${seed()}`).toEqual([])
    const failed = writes.filter(({ outcome }) => outcome === 'failed').length
    expect(failed).toBeGreaterThan(0)
    console.log(`Postgres struck ${rounds} times: ${failed} writes failed, ${history.tasks.length} tasks settled`)
  } finally {
    await server.remove()
  }
}, 3_600_000)
