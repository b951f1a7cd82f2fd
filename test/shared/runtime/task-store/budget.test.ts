import { expect, test } from 'vitest'
import { presentTasks } from '../../../../services/api/present/task.ts'
import { LIMITS } from '../../../../shared/domain/limits.ts'
import { costOf, type Price } from '../../../../shared/domain/prices.ts'
import { reconcile } from '../../../../shared/runtime/task-flow/reconcile.ts'
import type { Claim, Reservation, TaskStore } from '../../../../shared/runtime/task-store/index.ts'
import { check } from '../../../support/checker.ts'
import { draft, type Engine, startEngine } from '../../../support/engine.ts'
import { eventually } from '../../../support/eventually.ts'
import { readHistory } from '../../../support/history.ts'
import { parked, SHAPES } from '../../../support/pipelines.ts'
import { claimAs, claimed, expireLease, iterate, sha, work } from '../../../support/runs.ts'
import { random, scale, seed } from '../../../support/scale.ts'
import { claimThread, eventsOf, messagesIn } from '../../../support/threads.ts'

const price: Price = { input: 1, output: 10 }
/** Of which a reply costs 0.17 dollars at most, 0.05 at least. */
const ask = { inputTokens: 10_000, price, parks: true }

/** A task that is held, with what it and its project may cost. */
async function held({ taskBudget, projectBudget = null }: { taskBudget?: number; projectBudget?: number | null } = {}) {
  const engine = await startEngine()
  const { store, db } = engine
  const project = await engine.project({ settings: { budgetUsd: projectBudget } })
  const [id] = (await store.createDrafts(project.id, [draft('a', [], { budgetUsd: taskBudget })])) as [string]
  await store.accept(project.id)
  const claim = await claimed(engine, id)
  const row = () => db.prisma.task.findUniqueOrThrow({ where: { id } })
  return { engine, store, db, project, id, claim, row }
}

/** A stored reply that costs so much. */
const pay = (store: TaskStore, claim: Claim, iteration: number, costUsd: number) =>
  store.storeReply(claim, iteration, { text: '', calls: [], usage: { inputTokens: 7, outputTokens: 3 } }, costUsd)

const usd = (value: unknown) => Number(value)

test('a reply is recorded with what it took, once, and frees what was reserved for it', async () => {
  const { store, db, claim, row, project, id } = await held()
  expect(await store.reserve(claim, ask)).toEqual({ kind: 'granted' })
  expect(usd((await row()).reservedUsd)).toBe(0.17)
  const usage = { inputTokens: 900, outputTokens: 70, cachedInputTokens: 500 }
  for (let again = 0; again < 2; again++) {
    await store.storeReply(claim, 1, { text: 'Hello.', calls: [], usage }, 0.0016)
  }
  const { inputTokens, outputTokens, costUsd, reservedUsd } = await row()
  expect([inputTokens, outputTokens, usd(costUsd), usd(reservedUsd)]).toEqual([900n, 70n, 0.0016, 0])
  const calls = await db.prisma.modelCall.findMany()
  expect(calls).toMatchObject([
    { projectId: project.id, taskId: id, pipelineId: null, model: 'runbook', purpose: 'reply', ...usage },
  ])
  expect(usd(calls[0]?.costUsd)).toBe(0.0016)
})

test('a question beside the conversation is recorded with its own model', async () => {
  const { store, db, claim, row } = await held()
  await store.reserve(claim, ask)
  const usage = { inputTokens: 100, outputTokens: 10 }
  await store.recordCall(claim, { purpose: 'consult', model: 'openai:second', usage, costUsd: 0.5 })
  expect(await db.prisma.modelCall.findMany()).toMatchObject([{ purpose: 'consult', model: 'openai:second', ...usage }])
  const { costUsd, reservedUsd } = await row()
  expect([usd(costUsd), usd(reservedUsd)]).toEqual([0.5, 0])
})

test('a budget that is reached parks the task with its reason, and its slot goes to the next', async () => {
  const { engine, store, db, claim, row, id, project } = await held({ taskBudget: 1 })
  await store.open(claim, { baseSha: sha('1'), prompt: 'a' })
  await pay(store, claim, 1, 0.951)
  expect(await store.reserve(claim, ask)).toMatchObject({ kind: 'parked' })
  expect(await row()).toMatchObject({
    state: 'waiting',
    waitingFor: { reason: 'budget', budget: 'task', waitingOn: [] },
    dueAt: null,
    leaseOwner: null,
    iterations: 1,
  })
  const [message, ...more] = await db.prisma.message.findMany({ where: { threadId: claim.threadId, role: 'system' } })
  expect(more).toEqual([])
  expect(message?.text).toContain("The task's budget is reached: $0.951 of $1.00 are spent")
  expect(message?.text).toContain('Raise or remove it')
  // It is for people: the agent goes on as if nothing had been.
  expect(message).toMatchObject({ position: null, readAt: expect.any(Date) })
  const event = await db.prisma.event.findFirstOrThrow({ where: { taskId: id, type: 'task.waiting' } })
  expect(event.payload).toMatchObject({ waitingFor: { reason: 'budget' } })
  await expect(pay(store, claim, 2, 1)).rejects.toMatchObject({ name: 'Fenced' })
  expect(check(await readHistory(engine.db), { atRest: false })).toEqual([])
  await db.prisma.organization.update({ where: { id: project.organizationId }, data: { plan: '1' } })
  const [other] = (await store.createDrafts(project.id, [draft('b')])) as [string]
  await store.accept(project.id)
  expect(await claimAs(engine, other, 'w')).toMatchObject({ kind: 'claimed' })
})

test.each([
  ['raised', 2],
  ['removed', null],
])('a budget that is %s lets the task go on where it was, in the same attempt', async (_, budgetUsd) => {
  const { engine, store, claim, row, id } = await held({ taskBudget: 1 })
  await store.open(claim, { baseSha: sha('1'), prompt: 'a' })
  await iterate(store, claim, 1)
  await store.recordCall(claim, {
    purpose: 'consult',
    model: 'x',
    usage: { inputTokens: 0, outputTokens: 0 },
    costUsd: 1,
  })
  await store.reserve(claim, ask)
  const { headSha } = await row()
  await store.update(id, { budgetUsd: 0.5 })
  expect(await row()).toMatchObject({ state: 'waiting' })
  await store.update(id, { budgetUsd })
  expect(await row()).toMatchObject({ state: 'queued', waitingFor: null, attempt: 1, headSha })
  expect((await row()).jobNumber).not.toBeNull()
  const again = await claimed(engine, id)
  expect((await store.load(again)).iteration).toBe(1)
  expect(await store.reserve(again, ask)).toEqual({ kind: 'granted' })
})

test('near its end a budget grants a shorter reply, which then cannot exceed it', async () => {
  const { store, claim, row } = await held({ taskBudget: 1 })
  await pay(store, claim, 1, 0.9)
  expect(await store.reserve(claim, ask)).toEqual({ kind: 'granted', maxOutputTokens: 9_000 })
  expect(usd((await row()).reservedUsd)).toBe(0.1)
})

test('a question beside the conversation is refused, not waited for', async () => {
  const { store, claim, row } = await held({ taskBudget: 1 })
  await pay(store, claim, 1, 1)
  const refused = await store.reserve(claim, { ...ask, parks: false })
  expect(refused).toMatchObject({ kind: 'refused', message: expect.stringContaining('budget is reached') })
  expect(await row()).toMatchObject({ state: 'active' })
})

test("a project's budget counts its tasks and turns together", async () => {
  const { engine, store, claim, project, db } = await held({ projectBudget: 1 })
  await pay(store, claim, 1, 0.6)
  await store.postMessage(project.mainThreadId, 'What next?', 'plan')
  const turn = await claimThread(engine, project.mainThreadId)
  await pay(store, turn, 1, 0.38)
  expect(await store.reserve(turn, ask)).toMatchObject({
    kind: 'parked',
    message: expect.stringContaining("The project's budget is reached: $0.98 of $1.00"),
  })
  expect(await store.reserve(claim, ask)).toMatchObject({ kind: 'parked' })
  const said = await messagesIn(engine, project.mainThreadId)
  expect(said.at(-1)).toMatchObject({ role: 'system', text: expect.stringContaining("in the project's settings") })
  expect(await eventsOf(engine, project.mainThreadId)).toContain('turn.waiting')
  const told = await db.prisma.event.findFirstOrThrow({ where: { type: 'turn.waiting' } })
  expect(told).toMatchObject({ taskId: null, payload: { waitingFor: { reason: 'budget', budget: 'project' } } })
})

test('money that others may still need is waited for a moment, without a word in the thread', async () => {
  const { engine, store, db, project, claim, row } = await held({ projectBudget: 0.5 })
  const ids = await store.createDrafts(project.id, [draft('b'), draft('c')])
  await store.accept(project.id)
  const [second, third] = [await claimed(engine, ids[0]!), await claimed(engine, ids[1]!)]
  for (const one of [claim, second]) expect(await store.reserve(one, ask)).toEqual({ kind: 'granted' })
  expect(await store.reserve(third, ask)).toMatchObject({ kind: 'parked' })
  const waiting = await db.prisma.task.findUniqueOrThrow({ where: { id: third.taskId } })
  expect(waiting).toMatchObject({
    state: 'waiting',
    waitingFor: { reason: 'budget', until: waiting.dueAt?.toISOString() },
  })
  expect(await db.prisma.message.count({ where: { threadId: third.threadId } })).toBe(0)

  // What the first took was little, so there is room for the third as soon as it looks again.
  await pay(store, claim, 1, 0.001)
  await db.prisma.$executeRaw`UPDATE tasks SET due_at = now() - interval '1 second' WHERE id = ${third.taskId}::uuid`
  await reconcile({ ...engine, hints: silent, log: engine.log })
  expect(await store.reserve(await claimed(engine, third.taskId), ask)).toEqual({ kind: 'granted' })
  expect(usd((await row()).reservedUsd)).toBe(0)
})

test('of 8 that ask at the same moment only so many get a reply as all of them can be paid', async () => {
  const { engine, store, db, project, claim } = await held({ projectBudget: 0.4 })
  const ids = await store.createDrafts(
    project.id,
    [...'bcdefgh'].map(key => draft(key)),
  )
  await store.accept(project.id)
  const claims = [claim, ...(await Promise.all(ids.map(id => claimed(engine, id))))]
  for (let round = 0; round < scale(200); round++) {
    const answers = await Promise.all(claims.map(each => store.reserve(each, { ...ask, parks: false })))
    // The others would have got one as soon as these are paid: nobody is told that the budget is reached.
    expect(answers.filter(({ kind }) => kind === 'granted')).toHaveLength(2)
    const { _sum } = await db.prisma.task.aggregate({ _sum: { reservedUsd: true } })
    expect(usd(_sum.reservedUsd)).toBe(0.34)
    await Promise.all(claims.map(each => store.dropReservation(each)))
  }
})

const silent = { projectChanged() {}, taskChanged() {}, outboxFilled() {}, delta() {} }

test.each([
  ['is given back', (store: TaskStore, claim: Claim) => store.giveBack(claim)],
  ['fails', (store: TaskStore, claim: Claim) => store.fail(claim, { code: 'x', message: 'x' })],
  ['is cancelled', (store: TaskStore, claim: Claim) => store.cancel(claim.taskId)],
  ['gets no reply', (store: TaskStore, claim: Claim) => store.dropReservation(claim)],
])('nothing stays reserved for a run that %s', async (_, end) => {
  const { store, claim, row } = await held({ taskBudget: 5 })
  await store.reserve(claim, ask)
  expect(usd((await row()).reservedUsd)).toBe(0.17)
  await end(store, claim)
  expect(usd((await row()).reservedUsd)).toBe(0)
})

test('whoever takes a task over starts with nothing reserved, and the former reserves nothing more', async () => {
  const { engine, store, claim, row, id } = await held({ taskBudget: 5 })
  await store.reserve(claim, ask)
  await expireLease(engine, id)
  await claimed(engine, id, 'thief')
  expect(usd((await row()).reservedUsd)).toBe(0)
  await expect(store.reserve(claim, ask)).rejects.toMatchObject({ name: 'Fenced' })
  expect(usd((await row()).reservedUsd)).toBe(0)
  const late = await engine.db.prisma.fencedWrite.findMany()
  expect(late).toMatchObject([{ taskId: id, write: 'reserve' }])
})

test('a budget can be changed until the end, also of a ready task, but not of one that is over', async () => {
  const { store, claim, id, row } = await held()
  await store.update(id, { budgetUsd: 3 })
  await work(store, 0)(claim)
  await store.update(id, { budgetUsd: 4.5 })
  expect(usd((await row()).budgetUsd)).toBe(4.5)
  expect(await row()).toMatchObject({ state: 'ready' })
  await store.dismiss(id)
  await expect(store.update(id, { budgetUsd: 5 })).rejects.toMatchObject({ code: 'illegal_state' })
})

test('sub-agents share the budget of the task that started them, and theirs cannot be set', async () => {
  const engine = await startEngine()
  const project = await engine.project({ plan: '20' })
  const { store } = engine
  const { id, children, claimOf, row, parent } = await parked(engine, project, SHAPES.diamond)
  await store.update(id, { budgetUsd: 1 })
  await expect(store.update(children.a!, { budgetUsd: 1 })).rejects.toMatchObject({ code: 'illegal_state' })
  const [a, b] = [await claimOf('a'), await claimOf('b')]
  await pay(store, a, 1, 0.96)
  expect(await store.reserve(b, ask)).toMatchObject({
    kind: 'parked',
    message: expect.stringContaining('The budget of #1 “parent” and its sub-agents is reached'),
  })
  expect(await row('b')).toMatchObject({ state: 'waiting', waitingFor: { budget: 'task', waitingOn: [id] } })
  expect(await parent()).toMatchObject({ state: 'waiting', waitingFor: { reason: 'pipeline' } })
  // The parent is where people look: it says so too, and as soon as nothing else runs it waits for its budget.
  const told = async () => (await messagesIn(engine, (await parent()).threadId)).filter(({ role }) => role === 'system')
  expect(await told()).toMatchObject([{ text: expect.stringContaining('and its sub-agents is reached') }])
  const blocked = async () => (await presentTasks(engine.db, [await parent()]))[0]?.blocked
  expect(await blocked()).toMatchObject({ reason: 'pipeline' })
  expect(await store.reserve(a, ask)).toMatchObject({ kind: 'parked' })
  expect(await blocked()).toEqual({ reason: 'budget', waitingOn: [id] })
  expect(await told()).toHaveLength(1)
  await store.update(id, { budgetUsd: 2 })
  expect(await row('b')).toMatchObject({ state: 'queued' })
  expect(await parent()).toMatchObject({ state: 'waiting', waitingFor: { reason: 'pipeline' } })
})

test('8 sub-agents at once never exceed the budget they share, wait when it is reached, and end when it is raised', async () => {
  const engine = await startEngine()
  const { store, db } = engine
  const project = await engine.project({ plan: '20' })
  const next = random()
  const steps = scale(40) / 4 + 2
  const { id, children, pipelineId } = await parked(engine, project, SHAPES['8 wide'])
  let budget = 1
  await store.update(id, { budgetUsd: budget })
  const over: string[] = []
  const answers: Reservation['kind'][] = []
  await engine.startWorker(
    async claim => {
      await store.open(claim, { baseSha: sha('3'), prompt: claim.title })
      const { iteration: from } = await store.load(claim)
      for (let iteration = from + 1; iteration <= steps; iteration++) {
        const reserved = await store.reserve(claim, ask)
        answers.push(reserved.kind)
        if (reserved.kind === 'parked') return
        const outputTokens = Math.floor(
          next() * ((reserved.kind === 'granted' && reserved.maxOutputTokens) || LIMITS.money.outputTokens),
        )
        const usage = { inputTokens: ask.inputTokens, outputTokens }
        await store.storeReply(claim, iteration, { text: 'x', calls: [], usage }, costOf(usage, price))
        const spent = await spentOn(engine, id)
        if (spent > budget) over.push(`${spent} of ${budget}`)
      }
      await store.childDone(claim, { headSha: sha('5'), output: claim.title })
    },
    { concurrency: 16 },
  )
  const waiting = () =>
    db.prisma.task.findMany({ where: { parentTaskId: id, state: 'waiting' }, select: { waitingFor: true } })
  for (let round = 0; ; round++) {
    const open = await eventually(
      async () => {
        const left = await db.prisma.task.count({ where: { parentTaskId: id, state: { not: 'done' } } })
        const stuck = (await waiting()).filter(({ waitingFor }) => !(waitingFor as { until?: string }).until)
        expect(stuck).toHaveLength(left)
        return left
      },
      { timeoutMs: 120_000 },
    )
    expect(await spentOn(engine, id), `seed ${seed()}`).toBeLessThanOrEqual(budget)
    if (open === 0) break
    expect(round).toBeLessThan(50)
    budget = Math.round((budget + 2 + next() * 2) * 100) / 100
    await store.update(id, { budgetUsd: budget })
  }
  expect(over, `seed ${seed()}`).toEqual([])
  expect(answers).toContain('parked')
  const calls = await db.prisma.modelCall.aggregate({ where: { pipelineId }, _count: true, _sum: { costUsd: true } })
  expect(calls._count).toBe(8 * steps)
  // Not the task's own, which may have gone on by now.
  const own = await db.prisma.task.aggregate({ where: { parentTaskId: id }, _sum: { costUsd: true } })
  expect(usd(calls._sum.costUsd)).toBeCloseTo(usd(own._sum.costUsd), 6)
  expect(await db.prisma.task.count({ where: { parentTaskId: id, reservedUsd: { gt: 0 } } })).toBe(0)
  expect(Object.keys(children)).toHaveLength(8)
}, 200_000)

async function spentOn({ db }: Engine, rootId: string): Promise<number> {
  const { _sum } = await db.prisma.task.aggregate({
    where: { OR: [{ id: rootId }, { parentTaskId: rootId }] },
    _sum: { costUsd: true },
  })
  return usd(_sum.costUsd)
}

test("a provider's limit parks sub-agents and turns until it is over, and they go on by themselves", async () => {
  const engine = await startEngine()
  const { store, db } = engine
  const project = await engine.project({ plan: '20' })
  const { claimOf, row } = await parked(engine, project, SHAPES.diamond)
  await store.postMessage(project.mainThreadId, 'What next?', 'plan')
  const [child, turn] = [await claimOf('a'), await claimThread(engine, project.mainThreadId)]
  const until = new Date(Date.now() + 3_600_000).toISOString()
  for (const claim of [child, turn]) await store.park(claim, { reason: 'provider', waitingOn: [], until })
  expect(await row('a')).toMatchObject({ state: 'waiting', waitingFor: { reason: 'provider', until } })
  const told = await db.prisma.event.findMany({ where: { type: { in: ['task.waiting', 'turn.waiting'] } } })
  const limits = told.filter(({ payload }) => JSON.stringify(payload).includes('provider'))
  expect(limits.map(({ type, taskId, threadId }) => ({ type, taskId, threadId }))).toEqual([
    { type: 'task.waiting', taskId: child.taskId, threadId: child.threadId },
    { type: 'turn.waiting', taskId: null, threadId: turn.threadId },
  ])
  for (const { payload } of limits) expect(payload).toMatchObject({ waitingFor: { reason: 'provider', until } })
  await reconcile({ ...engine, hints: silent })
  expect(await row('a')).toMatchObject({ state: 'waiting' })
  await db.prisma
    .$executeRaw`UPDATE tasks SET due_at = now() - interval '1 second' WHERE state = 'waiting' AND due_at IS NOT NULL`
  await reconcile({ ...engine, hints: silent })
  const states = await db.prisma.task.findMany({ where: { id: { in: [child.taskId, turn.taskId] } } })
  expect(states.map(({ state, attempt }) => [state, attempt])).toEqual([
    ['queued', 1],
    ['queued', 1],
  ])
})
