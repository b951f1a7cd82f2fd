import { describe, expect, test } from 'vitest'
import { LIMITS } from '../../../../shared/domain/limits.ts'
import { renderPipeline } from '../../../../shared/domain/pipeline-view.ts'
import { check } from '../../../support/checker.ts'
import { draft, type Engine, startEngine } from '../../../support/engine.ts'
import { eventually } from '../../../support/eventually.ts'
import { readHistory } from '../../../support/history.ts'
import { failing, golden } from '../../../support/pictures.ts'
import {
  askForPipeline,
  firstCall,
  parked,
  pictured,
  pipelineWork,
  SHAPES,
  SIX,
  tasksOf,
} from '../../../support/pipelines.ts'
import { untilQuiet } from '../../../support/quiet.ts'
import { startRelay } from '../../../support/relay.ts'
import { claimAs, claimed, expireLease, iterate, sha } from '../../../support/runs.ts'
import { claimThread, eventsOf } from '../../../support/threads.ts'

async function setting({ plan = '100', settings = {} } = {}) {
  const engine = await startEngine()
  const project = await engine.project({ plan, settings })
  const events = async (type: string) =>
    (await engine.db.prisma.event.findMany({ where: { projectId: project.id, type }, orderBy: { seq: 'asc' } })).map(
      ({ taskId, payload }) => ({ taskId, payload: payload as Record<string, unknown> }),
    )
  return { engine, store: engine.store, project, events }
}

const usage = { inputTokens: 1, outputTokens: 1 }

describe('a call', () => {
  test('starts its sub-agents, and the task waits for them without a slot', async () => {
    const { engine, project, events } = await setting({ plan: '1' })
    const { store, db } = engine
    const { id, children, parent, row, outcome, pipelineId } = await parked(engine, project, SHAPES.diamond)
    expect(await parent()).toMatchObject({
      state: 'waiting',
      waitingFor: { reason: 'pipeline', waitingOn: Object.values(children) },
      leaseOwner: null,
      jobNumber: null,
    })
    const { acceptedAt, priority, model } = await parent()
    expect(await row('c')).toMatchObject({
      kind: 'pipeline',
      state: 'queued',
      parentTaskId: id,
      pipelineId,
      number: null,
      key: 'c',
      title: 'c',
      plan: 'do c',
      attempt: 1,
      acceptedAt,
      priority,
      model,
    })
    expect((await outcome()).tasks.map(({ name, dependsOn }) => [name, dependsOn])).toEqual([
      ['a', []],
      ['b', []],
      ['c', ['a', 'b']],
    ])
    expect(await events('pipeline.running')).toEqual([{ taskId: id, payload: { pipelineId } }])
    expect((await events('task.queued')).slice(1).map(({ payload }) => payload.pipelineId)).toEqual(
      Array(3).fill(pipelineId),
    )
    expect((await claimAs(engine, children.a!, 'w')).kind).toBe('claimed')
    expect(await claimAs(engine, children.b!, 'w')).toEqual({ kind: 'refused', reason: 'slot' })
    expect(await claimAs(engine, children.c!, 'w')).toEqual({ kind: 'refused', reason: 'dependency' })
    expect(await db.prisma.pipeline.findUnique({ where: { id: pipelineId } })).toMatchObject({ baseSha: sha('3') })
    await store.cancel(id)
    expect(check(await readHistory(db), { atRest: false })).toEqual([])
  })

  test('that is repeated starts nothing again, whether its sub-agents work or have ended', async () => {
    const { engine, project } = await setting()
    const { store, db } = engine
    const { id, parent, claimOf, outcome } = await parked(engine, project, SHAPES.linear)
    const again = async () => {
      const claim = await claimed(engine, id)
      const asked = { tasks: tasksOf(SHAPES['8 wide']), baseSha: sha('4') }
      return store.startPipeline(claim, firstCall(claim), asked)
    }
    // As if it had been taken up again too early.
    await db.prisma.task.update({ where: { id }, data: { state: 'queued', jobNumber: 7_000_000 } })
    expect(await again()).toBe(true)
    expect((await parent()).state).toBe('waiting')
    for (const name of ['a', 'b', 'c']) await store.childDone(await claimOf(name), { headSha: sha('5'), output: name })
    expect(await again()).toBe(false)
    expect((await parent()).state).toBe('active')
    expect(await db.prisma.pipeline.count()).toBe(1)
    expect((await outcome()).tasks.map(({ name }) => name)).toEqual(['a', 'b', 'c'])
  })

  test('of another reply starts others', async () => {
    const { engine, project } = await setting()
    const { store } = engine
    const { id, claimOf, pipelineId } = await parked(engine, project, { only: [] })
    await store.childDone(await claimOf('only'), { headSha: sha('5'), output: 'x' })
    const claim = await claimed(engine, id)
    const later = { ...firstCall(claim), callIndex: 1 }
    expect(await store.pipelineOf(id, later)).toBeNull()
    expect(await store.startPipeline(claim, later, { tasks: tasksOf({ x: [] }), baseSha: sha('3') })).toBe(true)
    expect((await store.pipelineOf(id, later))?.id).not.toBe(pipelineId)
  })

  test('of a run that has lost its task starts nothing', async () => {
    const { engine, project } = await setting()
    const { store, db } = engine
    const [id] = (await store.createDrafts(project.id, [draft('late')])) as [string]
    await store.accept(project.id)
    const late = await claimed(engine, id)
    await expireLease(engine, id)
    await claimed(engine, id, 'heir')
    const asked = { tasks: tasksOf(SHAPES.linear), baseSha: sha('3') }
    await expect(store.startPipeline(late, firstCall(late), asked)).rejects.toThrow(/came too late/)
    expect(await db.prisma.pipeline.count()).toBe(0)
    expect(await db.prisma.task.count()).toBe(1)
  })
})

describe('a sub-agent', () => {
  test('starts when all of its prerequisites are done, on their outputs as they are, in the order named', async () => {
    const { engine, project, events } = await setting()
    const { store } = engine
    const { id, claimOf, children, parent, outcome, pipelineId } = await parked(engine, project, {
      a: [],
      b: [],
      c: ['b', 'a'],
    })
    const output = '  [Your task]\n\tä ✓\r\n\n'
    const [a, b] = [await claimOf('a'), await claimOf('b')]
    await store.open(a, { baseSha: sha('3'), prompt: 'a' })
    await store.childDone(a, { headSha: sha('6'), output })
    expect(await claimAs(engine, children.c!, 'w')).toEqual({ kind: 'refused', reason: 'dependency' })
    await store.childDone(b, { headSha: sha('7'), output: '' })
    const c = await claimOf('c')
    expect(c).toMatchObject({ kind: 'pipeline', pipelineBaseSha: sha('3'), number: null, pipelineId })
    expect(c.prerequisites).toMatchObject([
      { title: 'b', headSha: sha('7'), output: '' },
      { title: 'a', headSha: sha('6'), output },
    ])
    expect((await parent()).state).toBe('waiting')
    await store.childDone(c, { headSha: sha('8'), output: 'all' })
    expect(await outcome()).toMatchObject({
      state: 'done',
      finishedAt: expect.any(Date),
      tasks: [
        { name: 'a', state: 'done', output, headSha: sha('6'), failure: null },
        { name: 'b', state: 'done', output: '' },
        { name: 'c', state: 'done', output: 'all', dependsOn: ['b', 'a'] },
      ],
    })
    expect(await parent()).toMatchObject({ state: 'queued', waitingFor: null, attempt: 1 })
    expect(await events('pipeline.done')).toEqual([{ taskId: id, payload: { pipelineId } }])
    expect((await events('task.done')).length).toBe(3)
  })

  test('that was told something more reads it before it is done', async () => {
    const { engine, project } = await setting()
    const { store, db } = engine
    const { claimOf, row, parent } = await parked(engine, project, { only: [] })
    await store.postMessage((await row('only')).threadId, 'before it starts')
    const claim = await claimOf('only')
    await store.open(claim, { baseSha: sha('3'), prompt: 'x' })
    await store.postMessage((await row('only')).threadId, 'while it runs')
    const end = { headSha: sha('5'), output: 'x' }
    expect(await store.childDone(claim, end)).toBe(false)
    expect(await store.readMessages(claim)).toMatchObject([{ text: 'before it starts' }, { text: 'while it runs' }])
    expect(await store.childDone(claim, end)).toBe(true)
    expect((await parent()).state).toBe('queued')
    expect(await db.prisma.message.count({ where: { position: null } })).toBe(0)
  })

  test('whose provider has reached a limit waits, and its parent with it', async () => {
    const { engine, project } = await setting()
    const { store } = engine
    const { claimOf, states, parent, children } = await parked(engine, project, SHAPES.linear)
    const until = new Date(Date.now() + 3_600_000).toISOString()
    await store.park(await claimOf('a'), { reason: 'provider', waitingOn: [], until })
    expect([await states(), (await parent()).state]).toEqual([{ a: 'waiting', b: 'queued', c: 'queued' }, 'waiting'])
    await store.cancel(children.b!)
    expect([await states(), (await parent()).state]).toEqual([
      { a: 'cancelled', b: 'cancelled', c: 'skipped' },
      'queued',
    ])
  })

  test('is no task of the board: what a person may do with it is to write to it and to cancel it', async () => {
    const { engine, project } = await setting()
    const { store } = engine
    const { children, claimOf, row } = await parked(engine, project, { only: [] })
    const id = children.only!
    const belongs = /belongs to a pipeline/
    const refused = async () => {
      await expect(store.accept(project.id, [id])).rejects.toThrow(belongs)
      await expect(store.dismiss(id)).rejects.toThrow(belongs)
      await expect(store.retry(id)).rejects.toThrow(belongs)
      await expect(store.requestApply(id)).rejects.toThrow(belongs)
      await expect(store.update(id, { priority: 3 })).rejects.toThrow(belongs)
    }
    await refused()
    expect(await store.accept(project.id)).toEqual([])
    await expect(store.createDrafts(project.id, [draft('x', [id])])).rejects.toThrow()
    await store.fail(await claimOf('only'), { code: 'x', message: 'x' })
    await refused()
    const { threadId } = await row('only')
    await expect(store.postMessage(threadId, 'again')).rejects.toThrow(/write in that one's thread/)
    await expect(store.cancel(id)).rejects.toThrow(/failed/)
  })
})

describe('the first failure', () => {
  /** Every way in which a sub-agent can end badly. */
  const ENDS: Record<string, (engine: Engine, id: string) => Promise<unknown>> = {
    'its work failed': async (engine, id) =>
      engine.store.fail(await claimed(engine, id), { code: 'model_refused', message: 'It broke.' }),
    'its model says so': async (engine, id) => {
      const reply = { text: 'No.', calls: [], usage, failure: { message: 'It broke.' } }
      await engine.store.storeReply(await claimed(engine, id), 1, reply, 0)
    },
    'its workers are lost': async (engine, id) => {
      for (let death = 0; death <= LIMITS.engine.workerDeaths; death++) {
        await claimAs(engine, id, `w${death}`)
        await expireLease(engine, id)
      }
    },
    'it cannot be run': async (engine, id) => {
      const { prisma } = engine.db
      await prisma.task.update({ where: { id }, data: { brokenRuns: LIMITS.engine.brokenRuns - 1 } })
      await engine.store.giveBack(await claimed(engine, id), 'no Docker')
    },
  }

  test.each(Object.entries(ENDS))(
    'stops the pipeline when %s: what runs is cancelled, the rest skipped',
    async (_, end) => {
      const { engine, project, events } = await setting()
      const { store } = engine
      const { children, claimOf, states, row, parent, pipelineId, id, outcome } = await parked(engine, project, {
        done: [],
        runs: [],
        'given back': [],
        parked: [],
        bad: ['done'],
        free: ['done'],
        after: ['bad', 'runs'],
      })
      await store.childDone(await claimOf('done'), { headSha: sha('5'), output: 'kept' })
      await iterate(store, await claimOf('runs'), 1)
      await store.giveBack(await claimOf('given back'))
      const until = new Date(Date.now() + 3_600_000).toISOString()
      await store.park(await claimOf('parked'), { reason: 'provider', waitingOn: [], until })
      await end(engine, children.bad!)
      expect(await states()).toEqual({
        done: 'done',
        runs: 'cancelled',
        'given back': 'cancelled',
        parked: 'cancelled',
        bad: 'failed',
        free: 'skipped',
        after: 'skipped',
      })
      expect(await row('runs')).toMatchObject({
        failureCode: 'pipeline_stopped',
        failureText: '“bad” failed, which stopped the pipeline.',
        leaseOwner: null,
        finishedAt: expect.any(Date),
      })
      for (const name of ['free', 'given back', 'parked']) {
        expect(await row(name)).toMatchObject({ jobNumber: null, dueAt: null, inLineAt: null, waitingFor: null })
      }
      expect(await outcome()).toMatchObject({ state: 'failed', tasks: [{ output: 'kept' }, {}, {}, {}, {}, {}, {}] })
      expect((await parent()).state).toBe('queued')
      expect(await events('pipeline.failed')).toEqual([{ taskId: id, payload: { pipelineId } }])
      const { violations } = { violations: check(await readHistory(engine.db), { atRest: false }) }
      expect(violations.filter(({ rule }) => rule !== 'claimsAreExclusive')).toEqual([])
    },
  )

  test('stops it once, whoever comes next', async () => {
    const { engine, project, events } = await setting()
    const { store } = engine
    const { claimOf, parent, states } = await parked(engine, project, SHAPES['8 wide'])
    const claims = await Promise.all('abcdefgh'.split('').map(name => claimOf(name)))
    const ends = claims.map((claim, index) =>
      index % 2 === 0
        ? store.fail(claim, { code: 'x', message: 'x' })
        : store.childDone(claim, { headSha: sha('5'), output: 'x' }),
    )
    const results = await Promise.allSettled(ends)
    const refused = results.filter(result => result.status === 'rejected')
    expect(refused.every(({ reason }) => (reason as Error).name === 'Fenced')).toBe(true)
    const ended = Object.values(await states())
    expect(ended.filter(state => state === 'failed')).toHaveLength(1)
    expect(ended.filter(state => state === 'cancelled')).toHaveLength(refused.length)
    expect(await events('pipeline.failed')).toHaveLength(1)
    expect((await parent()).state).toBe('queued')
  })
})

describe('cancelling', () => {
  test('a sub-agent stops the pipeline, and the task goes on to say so', async () => {
    const { engine, project, events } = await setting()
    const { store } = engine
    const { claimOf, children, states, row, parent } = await parked(engine, project, SHAPES.diamond)
    await claimOf('b')
    await store.cancel(children.a!)
    expect(await states()).toEqual({ a: 'cancelled', b: 'cancelled', c: 'skipped' })
    expect((await row('a')).failureText).toBe('Cancelled on request.')
    expect((await row('c')).failureText).toBe(
      '“a” was cancelled, which stopped the pipeline before this task could start.',
    )
    expect((await parent()).state).toBe('queued')
    expect(await events('pipeline.cancelled')).toHaveLength(1)
  })

  test('the task that waits stops its pipeline; tried again, it hears what came of it', async () => {
    const { engine, project, events } = await setting()
    const { store } = engine
    const { id, claimOf, states, parent, row } = await parked(engine, project, SHAPES.diamond)
    const b = await claimOf('b')
    await store.childDone(await claimOf('a'), { headSha: sha('5'), output: 'kept' })
    await store.cancel(id)
    expect(await states()).toEqual({ a: 'done', b: 'cancelled', c: 'skipped' })
    expect(await parent()).toMatchObject({ state: 'cancelled', waitingFor: null })
    expect((await row('b')).failureText).toBe('The agent that started it was stopped, which stopped the pipeline.')
    expect(await events('pipeline.cancelled')).toHaveLength(1)
    await expect(store.childDone(b, { headSha: sha('5'), output: '' })).rejects.toThrow(/came too late/)
    await store.retry(id)
    const claim = await claimed(engine, id)
    const { open } = await store.load(claim)
    expect(open).toMatchObject({ attempt: 1, iteration: 1 })
    const key = { ...open!, callIndex: 0 }
    expect(await store.startPipeline(claim, key, { tasks: tasksOf(SHAPES.diamond), baseSha: sha('3') })).toBe(false)
    expect(await store.pipelineOf(id, key)).toMatchObject({ state: 'cancelled', tasks: [{ output: 'kept' }, {}, {}] })
  })
})

describe('a turn', () => {
  /** A turn of the main thread that waits for two sub-agents. */
  async function turn(plan: string) {
    const { engine, store, project, events } = await setting({ plan })
    const { mainThreadId: threadId } = project
    await store.postMessage(threadId, 'split it', 'build')
    const claim = await claimThread(engine, threadId)
    const tasks = tasksOf({ a: [], b: [] })
    await askForPipeline(store, claim, tasks)
    await store.startPipeline(claim, firstCall(claim), { tasks, baseSha: sha('3') })
    const outcome = async () => (await store.pipelineOf(claim.taskId, firstCall(claim)))!
    const [a, b] = (await outcome()).tasks.map(({ id }) => id) as [string, string]
    return { engine, store, project, events, threadId, claim, outcome, a, b }
  }

  test('has sub-agents that take slots, as it takes none itself, and is told of as its thread’s', async () => {
    const { engine, store, project, threadId, claim, a, b } = await turn('1')
    const first = await claimed(engine, a)
    expect(await claimAs(engine, b, 'w')).toEqual({ kind: 'refused', reason: 'slot' })
    await store.childDone(first, { headSha: sha('5'), output: 'x' })
    await store.childDone(await claimed(engine, b), { headSha: sha('5'), output: 'y' })
    // Going on, it needs no place in line: another task has the only slot.
    const [other] = (await store.createDrafts(project.id, [draft('other')])) as [string]
    await store.accept(project.id)
    await claimed(engine, other)
    const again = await claimed(engine, claim.taskId)
    expect(await store.startPipeline(again, firstCall(claim), { tasks: [], baseSha: sha('3') })).toBe(false)
    const told = await engine.db.prisma.event.findMany({ where: { threadId, type: { startsWith: 'pipeline.' } } })
    expect(told.map(({ type, taskId }) => [type, taskId])).toEqual([
      ['pipeline.running', null],
      ['pipeline.done', null],
    ])
    expect((await eventsOf(engine, threadId)).filter(type => type === 'turn.waiting')).toHaveLength(1)
  })

  test('that is stopped stops its sub-agents; with the next message it hears of them and goes on', async () => {
    const { engine, store, threadId, outcome, a } = await turn('10')
    const late = await claimed(engine, a)
    await store.stopThread(threadId)
    expect(await outcome()).toMatchObject({
      state: 'cancelled',
      tasks: [{ state: 'cancelled' }, { state: 'skipped' }],
    })
    await expect(store.childDone(late, { headSha: sha('5'), output: '' })).rejects.toThrow(/came too late/)
    await store.postMessage(threadId, 'go on', 'build')
    const claim = await claimThread(engine, threadId)
    const { open } = await store.load(claim)
    const call = { ...open!, callIndex: 0 }
    expect(await store.startPipeline(claim, call, { tasks: tasksOf({ a: [] }), baseSha: sha('3') })).toBe(false)
  })
})

describe('slots', () => {
  const plans = [
    ['a limit of 1', { plan: '1' }],
    ['core', { plan: 'core' }],
    ["a project's limit of 1", { plan: '100', settings: { maxParallel: 1 } }],
  ] as const

  test.each(plans)('%s lets two tasks with 8 sub-agents each through', async (_, options) => {
    const { engine, store, project } = await setting(options)
    const asks = () => tasksOf(SHAPES['8 wide'])
    for (const name of ['one', 'two']) await engine.startWorker(pipelineWork(store, { asks }), { name })
    const ids = await store.createDrafts(project.id, [draft('left'), draft('right')])
    await store.accept(project.id)
    await eventually(
      async () => expect(await engine.db.prisma.task.count({ where: { id: { in: ids }, state: 'ready' } })).toBe(2),
      { timeoutMs: 60_000 },
    )
    await untilQuiet(engine)
    const history = await readHistory(engine.db)
    expect(check(history)).toEqual([])
    expect(history.tasks.filter(({ state }) => state === 'done')).toHaveLength(16)
  })

  test.each(Object.entries(SHAPES))('%s goes in order under a limit of 1', async (_, shape) => {
    const { engine, store, project } = await setting({ plan: '1' })
    const started: string[] = []
    const work = pipelineWork(store, { asks: () => tasksOf(shape), onStart: ({ title }) => void started.push(title) })
    await engine.startWorker(work)
    await store.createDrafts(project.id, [draft('parent')])
    await store.accept(project.id)
    await untilQuiet(engine)
    expect(started).toEqual(['parent', ...Object.keys(shape), 'parent'])
    expect(check(await readHistory(engine.db))).toEqual([])
  })

  const ofOne = [
    ['the organization', { plan: '1' }],
    ['the project', { plan: '100', settings: { maxParallel: 1 } }],
  ] as const

  test.each(ofOne)(
    'of %s go to sub-agents before what was accepted after their task, also in the same breath',
    async (_, options) => {
      const { engine, store, project } = await setting(options)
      startRelay(engine)
      const started: string[] = []
      const asks = ({ title }: { title: string }) => (title === 'first' ? tasksOf(SHAPES.linear) : null)
      const ids = await store.createDrafts(project.id, [
        draft('first'),
        draft('second'),
        draft('urgent', [], { priority: 9 }),
      ])
      await store.accept(project.id, ids.slice(0, 2))
      const work = pipelineWork(store, { asks, onStart: ({ title }) => void started.push(title) })
      const [first, second] = [await claimed(engine, ids[0]!), await claimAs(engine, ids[1]!, 'w')]
      expect(second).toEqual({ kind: 'refused', reason: 'slot' })
      await store.accept(project.id)
      expect(await claimAs(engine, ids[2]!, 'w')).toEqual({ kind: 'refused', reason: 'slot' })
      await work(first)
      await engine.startWorker(work)
      await untilQuiet(engine)
      expect(started).toEqual(['first', 'urgent', 'a', 'b', 'c', 'first', 'second'])
    },
  )

  test('that a failure frees go to those in line', async () => {
    const { engine, project } = await setting({ plan: '2' })
    const { store } = engine
    const { claimOf } = await parked(engine, project, { a: [], b: [] })
    const [a] = [await claimOf('a'), await claimOf('b')]
    const ids = await store.createDrafts(project.id, [draft('x'), draft('y')])
    await store.accept(project.id)
    for (const id of ids) expect((await claimAs(engine, id, 'w')).kind).toBe('refused')
    await store.fail(a, { code: 'x', message: 'x' })
    const called = await engine.db.prisma.task.findMany({
      where: { inLineAt: { not: null }, jobNumber: { not: null } },
    })
    // One slot is for the parent, which goes on.
    expect(called.map(({ title }) => title)).toContain('x')
  })
})

describe('a failing node', () => {
  test.each(Object.keys(SIX))('%s of six stops what comes after it under a limit of 1', async name => {
    const { engine, store, project } = await setting({ plan: '1' })
    const fate = ({ title }: { title: string }) => (title === name ? 'failed' : 'done')
    await engine.startWorker(pipelineWork(store, { asks: () => tasksOf(SIX), fate }))
    const [id] = (await store.createDrafts(project.id, [draft('parent')])) as [string]
    await store.accept(project.id)
    await untilQuiet(engine)
    const outcome = (await store.pipelineOf(id, firstCall({ attempt: 1 })))!
    expect(outcome.state).toBe('failed')
    expect(renderPipeline(pictured(outcome, 1))).toBe(golden(failing(name)))
    expect(check(await readHistory(engine.db))).toEqual([])
  })
})
