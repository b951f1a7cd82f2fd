import { expect, test } from 'vitest'
import { draft, startEngine } from '../../../support/engine.ts'
import { claimAs, claimed, expireLease, iterate, sha, work } from '../../../support/runs.ts'

async function running() {
  const engine = await startEngine()
  const project = await engine.project()
  const [id] = (await engine.store.createDrafts(project.id, [draft('a')])) as [string]
  await engine.store.accept(project.id)
  const claim = await claimed(engine, id)
  await engine.store.open(claim, { baseSha: sha('1'), prompt: 'do a' })
  const row = () => engine.db.prisma.task.findUniqueOrThrow({ where: { id } })
  const events = async (type: string) =>
    (await engine.db.prisma.event.findMany({ where: { type }, orderBy: { seq: 'asc' } })).map(({ payload }) => payload)
  return { engine, store: engine.store, project, id, claim, row, events }
}

const usage = { inputTokens: 10, outputTokens: 3 }
const question = { id: 'c1', name: 'bash', args: { command: 'ls' } }

test('a thread opens with the prompt once, however often the run begins', async () => {
  const { store, claim } = await running()
  await store.open(claim, { baseSha: sha('1'), prompt: 'do a' })
  expect(await store.load(claim)).toEqual({
    history: [{ role: 'user', text: 'do a' }],
    open: null,
    iteration: 0,
    checkFixes: 0,
    headSha: null,
  })
})

test('a reply, its results and the checkpoint are there for the next run as they were stored', async () => {
  const { engine, store, claim, id, row, events } = await running()
  const reply = { text: 'look', calls: [question], usage, providerMetadata: { thinking: 'x' } }
  await store.storeReply(claim, 1, reply, 0.25)
  const results = { role: 'tool' as const, results: [{ callId: 'c1', name: 'bash', text: 'a.txt' }] }
  const steps = [
    { callIndex: 0, tool: 'bash', summary: 'ls', args: question.args, result: 'a.txt', exitCode: 0, ms: 5 },
  ]
  await store.endIteration(claim, { attempt: claim.attempt, iteration: 1, steps, results, checkpoint: sha('7') })
  await expireLease(engine, id)
  const heir = await claimed(engine, id)
  expect(await store.load(heir)).toEqual({
    history: [
      { role: 'user', text: 'do a' },
      { role: 'assistant', text: 'look', calls: [question], providerMetadata: { thinking: 'x' } },
      results,
    ],
    open: null,
    iteration: 1,
    checkFixes: 0,
    headSha: sha('7'),
  })
  expect(await row()).toMatchObject({ inputTokens: 10n, outputTokens: 3n, iterations: 1 })
  expect(Number((await row()).costUsd)).toBe(0.25)
  expect(await events('task.checkpoint')).toEqual([{ iteration: 1, sha: sha('7') }])
  expect(await events('task.step')).toMatchObject([{ iteration: 1, tool: 'bash', exitCode: 0 }])
})

test('storing the same iteration again changes nothing, whatever the repetition says', async () => {
  const { engine, store, claim, row } = await running()
  await iterate(store, claim, 1)
  const before = [await row(), await engine.db.prisma.event.count(), await store.load(claim)]
  await iterate(store, claim, 1)
  await store.storeReply(claim, 1, { text: 'other', calls: [], usage }, 9)
  const end = {
    attempt: claim.attempt,
    iteration: 1,
    steps: [],
    results: { role: 'tool' as const, results: [] },
    checkpoint: sha('9'),
  }
  await store.endIteration(claim, end)
  expect([await row(), await engine.db.prisma.event.count(), await store.load(claim)]).toEqual(before)
})

test('an iteration without changes has no checkpoint, and the last one stays', async () => {
  const { engine, store, claim, row } = await running()
  await iterate(store, claim, 1)
  const { headSha } = await row()
  await store.storeReply(claim, 2, { text: '', calls: [question], usage }, 0)
  const results = { role: 'tool' as const, results: [{ callId: 'c1', name: 'bash', text: '' }] }
  await store.endIteration(claim, { attempt: claim.attempt, iteration: 2, steps: [], results, checkpoint: null })
  expect((await row()).headSha).toBe(headSha)
  expect(await engine.db.prisma.checkpoint.count()).toBe(1)
})

test('a message to a running task is read once, in its place after the results', async () => {
  const { engine, store, claim, row, events } = await running()
  await iterate(store, claim, 1)
  await store.postMessage(claim.threadId, 'use tabs')
  await store.postMessage(claim.threadId, 'and no semicolons')
  const said = [
    { role: 'user', text: 'use tabs' },
    { role: 'user', text: 'and no semicolons' },
  ]
  expect(await store.readMessages(claim)).toEqual(said)
  expect(await store.readMessages(claim)).toEqual([])
  expect((await store.load(claim)).history.slice(-2)).toEqual(said)
  expect(await events('message.read')).toHaveLength(2)
  await expireLease(engine, claim.taskId)
  const heir = await claimed(engine, claim.taskId)
  expect(await store.readMessages(heir)).toEqual([])
  expect((await store.load(heir)).history.filter(({ role }) => role === 'user')).toHaveLength(3)
  expect((await row()).attempt).toBe(1)
})

test('a task with an unread message does not become ready', async () => {
  const { store, claim, row } = await running()
  await store.postMessage(claim.threadId, 'wait')
  const end = { headSha: sha('2'), branch: 'tasks/1', output: 'done' }
  expect(await store.ready(claim, end)).toBe(false)
  expect(await row()).toMatchObject({ state: 'active', output: null, readyAt: null })
  await store.readMessages(claim)
  expect(await store.ready(claim, end)).toBe(true)
  expect(await row()).toMatchObject({ state: 'ready', output: 'done', leaseOwner: null, jobNumber: null })
})

test('a message and a finish at the same time: read before the end, or the task starts again with it', async () => {
  for (let round = 0; round < 5; round++) {
    const { engine, store, claim, row } = await running()
    await Promise.all([store.postMessage(claim.threadId, 'also'), work(store, 0)(claim)])
    const read = async () => engine.db.prisma.message.count({ where: { text: 'also', readAt: { not: null } } })
    const { state, attempt } = await row()
    expect([state, attempt, await read()]).toEqual(state === 'ready' ? ['ready', 1, 1] : ['queued', 2, 0])
  }
})

test('feedback starts a ready task again, and its dependants wait for it anew', async () => {
  const { engine, store, project, claim, row, id } = await running()
  const [dependant] = (await store.createDrafts(project.id, [draft('b', [id])])) as [string]
  await store.accept(project.id)
  await work(store, 1)(claim)
  await store.postMessage(claim.threadId, 'differently')
  expect(await row()).toMatchObject({ state: 'queued', attempt: 2, iterations: 0, readyAt: null, headSha: sha('2') })
  expect(await claimAs(engine, dependant, 'w')).toEqual({ kind: 'refused', reason: 'dependency' })
  const again = await claimed(engine, id)
  expect(await store.readMessages(again)).toEqual([{ role: 'user', text: 'differently' }])
  await work(store, 1)(again)
  expect(await claimAs(engine, dependant, 'w')).toMatchObject({ kind: 'claimed' })
})

test('a message that nobody would ever read is refused', async () => {
  const { engine, store, claim } = await running()
  for (const state of ['dismissed', 'skipped']) {
    await engine.db.prisma.task.update({ where: { id: claim.taskId }, data: { state } })
    await expect(store.postMessage(claim.threadId, 'hello')).rejects.toMatchObject({ code: 'illegal_state' })
  }
})

test('a parked task goes on with the answer, at once where somebody was quicker than the question', async () => {
  const { engine, store, claim, row, id } = await running()
  await iterate(store, claim, 1)
  await store.park(claim, { reason: 'answer', waitingOn: [] })
  expect(await row()).toMatchObject({ state: 'waiting', leaseOwner: null, jobNumber: null, dueAt: null })
  await store.postMessage(claim.threadId, 'blue')
  expect(await row()).toMatchObject({ state: 'queued', attempt: 1, waitingFor: null, iterations: 1 })
  const second = await claimed(engine, id)
  expect(await store.readMessages(second)).toEqual([{ role: 'user', text: 'blue' }])
  await store.postMessage(claim.threadId, 'no, green')
  await store.park(second, { reason: 'answer', waitingOn: [] })
  expect(await row()).toMatchObject({ state: 'queued', waitingFor: null })
  expect(await claimAs(engine, id, 'w')).toMatchObject({ kind: 'claimed' })
})

test('a message does not wake a task that waits for something else', async () => {
  const { store, claim, row } = await running()
  const until = new Date(Date.now() + 3_600_000)
  await store.park(claim, { reason: 'provider', waitingOn: [], until: until.toISOString() })
  await store.postMessage(claim.threadId, 'hello?')
  expect(await row()).toMatchObject({ state: 'waiting', dueAt: until })
})

test('a notice is for people, and told once in an attempt', async () => {
  const { engine, store, claim } = await running()
  const { history } = await store.load(claim)
  for (const text of ['A is away.', 'B is away.', 'A is away.']) await store.notice(claim, text)
  const where = { threadId: claim.threadId, role: 'system' }
  const notices = await engine.db.prisma.message.findMany({ where, orderBy: { seq: 'asc' } })
  expect(notices.map(({ text, readAt }) => [text, readAt !== null])).toEqual([
    ['A is away.', true],
    ['B is away.', true],
  ])
  expect((await store.load(claim)).history).toEqual(history)
  expect(await store.readMessages(claim)).toEqual([])
})

test("checks are kept with the task, main's own without it", async () => {
  const { engine, store, claim, row } = await running()
  const check = { command: 'npm test', sha: sha('2'), exitCode: 1, output: 'red', passed: 3, failed: 1, ms: 9 }
  await store.storeCheck(claim, check, true)
  expect((await row()).checkStatus).toBeNull()
  await store.storeCheck(claim, check, false)
  expect(await row()).toMatchObject({ checkStatus: 'failed', checkPassed: 3, checkFailed: 1 })
  await store.tell(claim, 'The checks fail.', { checkFixes: 1 })
  expect(await store.load(claim)).toMatchObject({
    checkFixes: 1,
    history: [{}, { role: 'user', text: 'The checks fail.' }],
  })
  expect(await engine.db.prisma.check.count({ where: { onMain: true, taskId: null } })).toBe(1)
})
