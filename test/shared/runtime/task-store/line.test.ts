import { expect, test } from 'vitest'
import type { Claim } from '../../../../shared/runtime/task-store/index.ts'
import { check } from '../../../support/checker.ts'
import { peaks } from '../../../support/checks/limit-rules.ts'
import { draft, type Engine, startEngine, succeed } from '../../../support/engine.ts'
import { readHistory } from '../../../support/history.ts'
import { untilQuiet } from '../../../support/quiet.ts'
import { claimAs, claimed, work } from '../../../support/runs.ts'
import { scale } from '../../../support/scale.ts'

const many = (count: number, rest = {}) =>
  Array.from({ length: count }, (_, index) => draft(`t${index}`, [], { ...rest }))

async function line(count: number, { plan = '1', settings = {}, drafts = many(count) } = {}) {
  const engine = await startEngine()
  const project = await engine.project({ plan, settings })
  const ids = await engine.store.createDrafts(project.id, drafts)
  await engine.store.accept(project.id)
  const row = (id: string) => engine.db.prisma.task.findUniqueOrThrow({ where: { id } })
  /** Those whom a free slot was promised, by title: they have a place in line and a job. */
  const called = async () =>
    (await engine.db.prisma.task.findMany({ where: { inLineAt: { not: null }, jobNumber: { not: null } } })).map(
      ({ title }) => title,
    )
  return { engine, store: engine.store, project, ids, row, called }
}

const slot = { kind: 'refused', reason: 'slot' }

test('a task over the limit keeps its place in line, and its job is over', async () => {
  const { engine, ids, row, called } = await line(3)
  await claimed(engine, ids[0]!)
  expect(await claimAs(engine, ids[1]!, 'w')).toEqual(slot)
  const waiting = await row(ids[1]!)
  expect(waiting).toMatchObject({ state: 'queued', jobNumber: null, dueAt: null })
  expect(waiting.inLineAt).not.toBeNull()
  expect(await called()).toEqual([])
})

test.each(['ready', 'fail', 'giveBack', 'park', 'cancel'] as const)(
  'a slot that %s frees goes to the next in line',
  async end => {
    const { engine, store, ids, called } = await line(3)
    const claim = await claimed(engine, ids[0]!)
    for (const id of ids.slice(1)) expect(await claimAs(engine, id, 'w')).toEqual(slot)
    const ends = {
      ready: () => work(store, 0)(claim),
      fail: () => store.fail(claim, { code: 'x', message: 'x' }),
      giveBack: () => store.giveBack(claim, 'The run broke.'),
      park: () => store.park(claim, { reason: 'answer', waitingOn: [] }),
      cancel: () => store.cancel(claim.taskId),
    }
    await ends[end]()
    expect(await called()).toEqual(['t1'])
    expect(await claimAs(engine, ids[1]!, 'w')).toMatchObject({ kind: 'claimed' })
  },
)

test('slots go by priority, then by age, whoever asks first', async () => {
  const drafts = [
    draft('low', [], { priority: -1 }),
    draft('old'),
    draft('new'),
    draft('higher', [], { priority: 8 }),
    draft('highest', [], { priority: 9 }),
  ]
  const { engine, store, ids } = await line(0, { drafts })
  const order: string[] = []
  while (order.length < drafts.length) {
    const results = await Promise.all(ids.map(id => claimAs(engine, id, 'w')))
    const [claim, ...others] = results.flatMap(result => (result.kind === 'claimed' ? [result.claim] : []))
    expect(others).toEqual([])
    order.push(claim!.title)
    await work(store, 0)(claim!)
  }
  expect(order).toEqual(['highest', 'higher', 'old', 'new', 'low'])
})

test('tasks that are accepted together start in that order too, over several workers', async () => {
  for (let round = 0; round < scale(50); round++) {
    const engine = await startEngine()
    const project = await engine.project({ plan: 'core' })
    const inPairs = turnstile(2)
    const started: string[] = []
    const run = async (claim: Claim) => {
      started.push(claim.title)
      await inPairs()
      await succeed(engine.store)(claim)
    }
    for (let worker = 0; worker < 3; worker++) await engine.startWorker(run, { concurrency: 4 })
    const priorities = [0, 3, 1, 5, 4, 2]
    await engine.store.createDrafts(
      project.id,
      priorities.map(priority => draft(`p${priority}`, [], { priority })),
    )
    await engine.store.accept(project.id)
    await untilQuiet(engine)
    const pairs = [0, 2, 4].map(from => started.slice(from, from + 2).sort())
    expect(pairs).toEqual([
      ['p4', 'p5'],
      ['p2', 'p3'],
      ['p0', 'p1'],
    ])
  }
})

/** Lets callers go on as soon as `count` of them have come. */
function turnstile(count: number): () => Promise<void> {
  let waiting: (() => void)[] = []
  return () =>
    new Promise(resolve => {
      waiting.push(resolve)
      if (waiting.length < count) return
      for (const go of waiting) go()
      waiting = []
    })
}

test('who comes later does not overtake one who was called', async () => {
  const { engine, store, project, ids } = await line(2)
  const first = await claimed(engine, ids[0]!)
  expect(await claimAs(engine, ids[1]!, 'w')).toEqual(slot)
  await work(store, 0)(first)
  const [late] = await store.createDrafts(project.id, [draft('late')])
  await store.accept(project.id)
  expect(await claimAs(engine, late!, 'w')).toEqual(slot)
  expect(await claimAs(engine, ids[1]!, 'w')).toMatchObject({ kind: 'claimed' })
})

test('one that matters more goes before those in line', async () => {
  const { engine, store, project, ids, called } = await line(2)
  const first = await claimed(engine, ids[0]!)
  expect(await claimAs(engine, ids[1]!, 'w')).toEqual(slot)
  const [urgent] = await store.createDrafts(project.id, [draft('urgent', [], { priority: 50 })])
  await store.accept(project.id)
  await work(store, 0)(first)
  expect(await called()).toEqual([])
  expect(await claimAs(engine, urgent!, 'w')).toMatchObject({ kind: 'claimed' })
})

test('a task that is given back or fails again keeps the age of its acceptance', async () => {
  const { engine, store, ids, called } = await line(3)
  const first = await claimed(engine, ids[0]!)
  for (const id of ids.slice(1)) await claimAs(engine, id, 'w')
  await store.giveBack(first)
  expect(await called()).toEqual([])
  expect(await claimAs(engine, ids[0]!, 'w')).toMatchObject({ kind: 'claimed' })
  await store.cancel(ids[0]!)
  expect(await called()).toEqual(['t1'])
})

test('cancelling one who was called calls the next', async () => {
  const { engine, store, ids, called } = await line(3)
  const first = await claimed(engine, ids[0]!)
  for (const id of ids.slice(1)) await claimAs(engine, id, 'w')
  await work(store, 0)(first)
  expect(await called()).toEqual(['t1'])
  await store.cancel(ids[1]!)
  expect(await called()).toEqual(['t2'])
})

test('one in line whose prerequisite went back to work is passed over', async () => {
  const drafts = [
    draft('p', [], { priority: 9 }),
    draft('x', [], { priority: 8 }),
    draft('y', [], { priority: 8 }),
    draft('behind', ['p'], { priority: 5 }),
    draft('other'),
  ]
  const { engine, store, ids, called, row } = await line(0, { drafts, plan: '2' })
  const [p, x, y, behind, other] = ids as [string, string, string, string, string]
  await work(store, 0)(await claimed(engine, p))
  const holders = [await claimed(engine, x), await claimed(engine, y)]
  for (const id of [behind, other]) expect(await claimAs(engine, id, 'w')).toEqual(slot)
  await store.postMessage((await row(p)).threadId, 'again')
  for (const holder of holders) await work(store, 0)(holder)
  expect(await called()).toEqual(['other'])
})

test("a project's own limit lets another project's task pass", async () => {
  const { engine, store, project, ids } = await line(3, { plan: 'pro', settings: { maxParallel: 1 } })
  const other = await engine.db.prisma.project.create({
    data: {
      id: crypto.randomUUID(),
      organizationId: project.organizationId,
      slug: crypto.randomUUID(),
      name: 'Other',
      defaultBranch: 'main',
      headSha: '0'.repeat(40),
      settings: { ...(await settingsOf(engine, project.id)), maxParallel: null },
      counter: { create: {} },
    },
  })
  const [elsewhere] = await store.createDrafts(other.id, [draft('elsewhere')])
  await store.accept(other.id)
  await claimed(engine, ids[0]!)
  expect(await claimAs(engine, ids[1]!, 'w')).toEqual(slot)
  expect(await claimAs(engine, ids[2]!, 'w')).toEqual(slot)
  expect(await claimAs(engine, elsewhere!, 'w')).toMatchObject({ kind: 'claimed' })
})

const settingsOf = async ({ db }: Engine, id: string): Promise<object> =>
  (await db.prisma.project.findUniqueOrThrow({ where: { id } })).settings as object

test.each([
  ['core', 'core', null, 8, 2],
  ['pro', 'pro', null, 16, 10],
  ['maxParallel 3', 'pro', 3, 9, 3],
] as const)('%s: so many run at once, and never one more', async (_, plan, maxParallel, count, limit) => {
  const engine = await startEngine()
  const project = await engine.project({ plan, settings: { maxParallel } })
  const gate = Promise.withResolvers<void>()
  let running = 0
  const untilFull = async (claim: Claim) => {
    if (++running === limit) gate.resolve()
    await gate.promise
    await succeed(engine.store)(claim)
  }
  await engine.startWorker(untilFull, { concurrency: 32 })
  await engine.store.createDrafts(project.id, many(count))
  await engine.store.accept(project.id)
  await untilQuiet(engine)
  const history = await readHistory(engine.db)
  expect(peaks(history, id => id).get(project.id)).toBe(limit)
  expect(check(history)).toEqual([])
  expect(history.tasks.every(({ state }) => state === 'ready')).toBe(true)
})

test('32 claimers at the limit: never exceeded, and no slot is idle while a task is queued for it', async () => {
  const engine = await startEngine()
  const { store, db } = engine
  for (let round = 0; round < scale(200); round++) {
    const project = await engine.project({ plan: 'core' })
    const ids = await store.createDrafts(project.id, many(32))
    await store.accept(project.id)
    const results = await Promise.all(ids.map(id => claimAs(engine, id, `claimer-${id}`)))
    const held = results.flatMap(result => (result.kind === 'claimed' ? [result.claim] : []))
    expect(held).toHaveLength(2)
    expect(await db.prisma.task.count({ where: { projectId: project.id, inLineAt: { not: null } } })).toBe(30)

    // Both end at the same moment: two others are called, no more and no fewer.
    await Promise.all(held.map(claim => work(store, 0)(claim)))
    const called = await db.prisma.task.findMany({ where: { projectId: project.id, jobNumber: { not: null } } })
    expect(called).toHaveLength(2)
    const next = await Promise.all(called.map(({ id }) => claimAs(engine, id, 'next')))
    expect(next.map(({ kind }) => kind)).toEqual(['claimed', 'claimed'])
    expect(await db.prisma.task.count({ where: { projectId: project.id, state: 'active' } })).toBe(2)
  }
})
