import { setTimeout as pause } from 'node:timers/promises'
import { expect, test } from 'vitest'
import type { Claim } from '../../shared/runtime/task-store/index.ts'
import { check } from '../support/checker.ts'
import { type Dag, randomDag, settledStates } from '../support/dags.ts'
import { type Engine, startEngine } from '../support/engine.ts'
import { readHistory } from '../support/history.ts'
import { untilQuiet } from '../support/quiet.ts'
import { recordedStore, type Write } from '../support/recorded-store.ts'
import { iterate, sha } from '../support/runs.ts'
import { random, scale, seed } from '../support/scale.ts'

const PLANS = ['core', 'pro', '100'] as const
const AT_ONCE = 10

interface Played {
  projectId: string
  ids: Map<string, string>
  dag: Dag
  cancelled: Set<string>
}

test('random graphs of tasks settle as they must, in order, with failures, cancellations and removed edges', async () => {
  const engine = await startEngine()
  const writes: Write[] = []
  const store = recordedStore(engine.store, write => writes.push(write))
  const next = random()
  const fates = new Map<string, string>()
  const run = async (claim: Claim) => {
    if (claim.number! % 5 === 0) {
      await store.open(claim, { baseSha: sha('1'), prompt: claim.title })
      await iterate(store, claim, 1)
    }
    if (fates.get(claim.taskId) === 'failed') return store.fail(claim, { code: 'planned', message: 'planned' })
    await store.ready(claim, { headSha: sha('2'), branch: `tasks/${claim.number!}`, output: claim.title })
  }
  for (const name of ['one', 'two', 'three']) await engine.startWorker(run, { name, store })

  const played: Played[] = []
  const count = scale(2_000)
  for (let done = 0; done < count; done += AT_ONCE) {
    const dags = Array.from({ length: Math.min(AT_ONCE, count - done) }, () => randomDag(next))
    played.push(...(await Promise.all(dags.map((dag, index) => play(engine, dag, fates, PLANS[index % 3]!, next)))))
    await untilQuiet(engine, 120_000)
  }

  const history = await readHistory(engine.db, { writes })
  expect(check(history), `seed ${seed()}`).toEqual([])
  for (const { projectId, dag, ids, cancelled } of played) {
    const keys = new Map([...ids].map(([key, id]) => [id, key]))
    const tasks = history.tasks.filter(task => task.projectId === projectId)
    const edges = new Map(tasks.map(task => [keys.get(task.id)!, task.prerequisites.map(id => keys.get(id)!)]))
    const actual = new Map(tasks.map(task => [keys.get(task.id)!, task.state]))
    expect(actual, `seed ${seed()}`).toEqual(settledStates(edges, dag.fates, cancelled))
  }
  const events = (type: string) => history.events.filter(event => event.type === type).length
  const granted = played.reduce((sum, { cancelled }) => sum + cancelled.size, 0)
  console.log(
    `seed ${seed()}: ${played.length} graphs, ${history.tasks.length} tasks, ${history.events.length} events, ` +
      `${events('task.ready')} ready, ${events('task.failed')} failed, ${granted} cancelled, 0 violations`,
  )
  expect(granted).toBeGreaterThan(0)
  expect(events('task.failed')).toBeGreaterThan(0)
}, 3_600_000)

/** Accepts a graph, and while it runs cancels some of its tasks and removes the edges of others, as far as that is granted. */
async function play(
  engine: Engine,
  dag: Dag,
  fates: Map<string, string>,
  plan: string,
  next: () => number,
): Promise<Played> {
  const { store } = engine
  const project = await engine.project({ plan })
  const created = await store.createDrafts(project.id, dag.drafts)
  const ids = new Map(dag.drafts.map(({ key }, index) => [key, created[index]!]))
  for (const [key, id] of ids) fates.set(id, dag.fates.get(key)!)
  await store.accept(project.id)
  const cancelled = new Set<string>()
  const attempts = [
    ...dag.cancelled.map(key => async () => {
      if (await granted(store.cancel(ids.get(key)!))) cancelled.add(key)
    }),
    ...dag.freed.map(key => async () => void (await granted(store.update(ids.get(key)!, { dependsOn: [] })))),
  ]
  await Promise.all(
    attempts.map(async attempt => {
      await pause(next() * 150)
      await attempt()
    }),
  )
  return { projectId: project.id, ids, dag, cancelled }
}

const granted = (command: Promise<unknown>): Promise<boolean> =>
  command.then(
    () => true,
    (error: { code?: string }) => {
      if (error.code !== 'illegal_state') throw error
      return false
    },
  )
