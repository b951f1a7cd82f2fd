import { expect, test } from 'vitest'
import type { TaskFlow } from '../../../../shared/runtime/task-flow/index.ts'
import { relayOutbox } from '../../../../shared/runtime/task-flow/relay.ts'
import { check } from '../../../support/checker.ts'
import { draft, type Engine, startEngine } from '../../../support/engine.ts'
import { readHistory } from '../../../support/history.ts'
import { untilQuiet } from '../../../support/quiet.ts'
import { startRelay } from '../../../support/relay.ts'
import { claimed, work } from '../../../support/runs.ts'

const diamond = [draft('a'), draft('b', ['a']), draft('c', ['a']), draft('d', ['b', 'c'])]

async function accepted() {
  const engine = await startEngine()
  const project = await engine.project()
  const ids = await engine.store.createDrafts(project.id, diamond)
  await engine.store.accept(project.id)
  const jobs = async () => {
    const rows = await engine.db.prisma.task.findMany({ orderBy: { number: 'asc' } })
    return Promise.all(
      rows.map(({ id, jobNumber }) => (jobNumber === null ? null : engine.flow.stateOf(id, jobNumber))),
    )
  }
  return { engine, store: engine.store, project, ids: ids as [string, string, string, string], jobs }
}

const HELD = 'waiting-children'

/** A relay that is killed before or after its n-th word to Redis: nothing of it comes back. */
function dying(flow: TaskFlow, at: number, when: 'before' | 'after'): { flow: TaskFlow; died(): boolean } {
  let said = 0
  let dead = false
  const mortal =
    <A extends unknown[]>(say: (...args: A) => Promise<void>) =>
    async (...args: A) => {
      const last = ++said === at
      if (dead || (last && when === 'before')) {
        dead = true
        throw new Error('killed')
      }
      await say(...args)
      if (last) {
        dead = true
        throw new Error('killed')
      }
    }
  const { add, release, discard } = flow
  return {
    flow: { ...flow, add: mortal(add), release: mortal(release), discard: mortal(discard) },
    died: () => dead,
  }
}

test('accepted tasks get jobs, held by a gate for each unfinished prerequisite', async () => {
  const { engine, jobs } = await accepted()
  expect(await relayOutbox(engine)).toBe(4)
  expect(await jobs()).toEqual(['prioritized', HELD, HELD, HELD])
  expect(await engine.flow.queues[1]!.getDelayedCount()).toBe(4)
  expect(await relayOutbox(engine)).toBe(0)
})

test('a success releases the gates of its dependants', async () => {
  const { engine, store, ids, jobs } = await accepted()
  await relayOutbox(engine)
  await work(store, 0)(await claimed(engine, ids[0]))
  await relayOutbox(engine)
  expect(await jobs()).toEqual([null, 'prioritized', 'prioritized', HELD])
})

test('what a row means is read when it is carried: a task that moved on meanwhile gets no job, an edge no gate', async () => {
  const { engine, store, ids, jobs } = await accepted()
  await store.cancel(ids[3])
  await store.update(ids[1], { dependsOn: [] })
  await work(store, 0)(await claimed(engine, ids[0]))
  await relayOutbox(engine)
  expect(await jobs()).toEqual([null, 'prioritized', 'prioritized', null])
  expect(await engine.flow.queues[0]!.getJobCountByTypes('prioritized', HELD)).toBe(2)
})

test('a task whose worker was lost gets a job without gates, though its prerequisite has gone back to work', async () => {
  const { engine, store, ids, jobs } = await accepted()
  await work(store, 0)(await claimed(engine, ids[0]))
  await claimed(engine, ids[1])
  const { threadId } = await engine.db.prisma.task.findUniqueOrThrow({ where: { id: ids[0] } })
  await store.postMessage(threadId, 'again')
  await relayOutbox(engine)
  expect((await jobs())[1]).toBe('prioritized')
})

test('a relay that is killed at any of its words, before or after it, leaves nothing undone and nothing done twice', async () => {
  let points = 0
  for (const when of ['before', 'after'] as const) {
    for (let at = 1; at <= 6; at++) {
      const { engine, store, project } = await accepted()
      const victim = dying(engine.flow, at, when)
      await engine.startWorker(work(store, 0), { keeper: false })
      // The victim relays until it dies; then its heir, as another process would.
      await engine.store.update((await first(engine, project.id)).id, { priority: 3 })
      const doomed = (async () => {
        while (!victim.died()) {
          await relayOutbox({ db: engine.db, flow: victim.flow }).catch(() => {})
          await new Promise(resolve => setImmediate(resolve))
        }
      })()
      await doomed
      startRelay(engine)
      await untilQuiet(engine)
      const history = await readHistory(engine.db)
      expect([at, when, check(history)]).toEqual([at, when, []])
      expect(history.tasks.map(({ state }) => state)).toEqual(['ready', 'ready', 'ready', 'ready'])
      expect(history.runs).toHaveLength(4)
      points++
    }
  }
  expect(points).toBe(12)
}, 180_000)

const first = (engine: Engine, projectId: string) =>
  engine.db.prisma.task.findFirstOrThrow({ where: { projectId, number: 1 } })

test('two relays at once carry each row as if there were one', async () => {
  const { engine, store } = await accepted()
  await engine.startWorker(work(store, 0), { keeper: false })
  startRelay(engine)
  startRelay(engine)
  await untilQuiet(engine)
  const history = await readHistory(engine.db)
  expect(check(history)).toEqual([])
  expect(history.runs).toHaveLength(4)
})
