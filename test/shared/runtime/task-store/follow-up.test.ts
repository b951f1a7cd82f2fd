import { expect, test } from 'vitest'
import { draft, startEngine } from '../../../support/engine.ts'
import { claimed, sha, work } from '../../../support/runs.ts'
import { eventsOf, lineOf, messagesIn } from '../../../support/threads.ts'

/** A task that is part of main. */
async function done() {
  const engine = await startEngine()
  const { store } = engine
  const project = await engine.project()
  const text = {
    description: 'About a',
    plan: 'the plan',
    doneWhen: 'It floats.',
    priority: 7,
    model: 'runbook:default',
  }
  const [id] = (await store.createDrafts(project.id, [draft('a', [], text)])) as [string]
  await store.accept(project.id)
  await work(store)(await claimed(engine, id))
  await store.requestApply(id)
  const fence = await lineOf(store, project.id)
  await store.applied(fence, (await store.nextApply(fence))!, { mergeSha: sha('4'), headSha: sha('4') })
  await store.releaseLine(fence)
  const { threadId } = await engine.db.prisma.task.findUniqueOrThrow({ where: { id } })
  const next = () => engine.db.prisma.task.findFirstOrThrow({ where: { followsId: id } })
  return { engine, store, project, id, threadId, next }
}

test('a message to a done task becomes a task of its own on the newest main, accepted at once', async () => {
  const { engine, store, id, threadId, next } = await done()
  const messageId = await store.postMessage(threadId, '  Make it red\nand round')
  expect(await next()).toMatchObject({
    kind: 'board',
    state: 'queued',
    number: 2,
    title: 'Follow-up: Make it red',
    key: 'follow-up-make-it-red',
    plan: '  Make it red\nand round',
    priority: 7,
    model: 'runbook:default',
    attempt: 1,
    baseSha: null,
    proposedInId: null,
  })
  const claim = await claimed(engine, (await next()).id)
  expect(claim.prerequisites).toEqual([])
  expect(claim.follows).toEqual({
    id,
    number: 1,
    title: 'a',
    description: 'About a',
    plan: 'the plan',
    doneWhen: 'It floats.',
    output: 'a',
    activeSeconds: expect.any(Number),
  })
  expect((await messagesIn(engine, threadId)).find(message => message.id === messageId)).toMatchObject({
    text: '  Make it red\nand round',
    readAt: expect.any(Date),
    position: null,
  })
})

test('the done thread links it, and the task itself stays done', async () => {
  const { engine, store, id, threadId, next } = await done()
  await store.postMessage(threadId, 'Make it red')
  const { id: nextId, title, threadId: nextThread } = await next()
  expect((await messagesIn(engine, threadId)).at(-1)).toMatchObject({
    role: 'system',
    text: expect.stringContaining('#2 “Follow-up: Make it red”'),
    parts: [{ type: 'task', taskId: nextId, title }],
    readAt: expect.any(Date),
  })
  expect(await engine.db.prisma.task.findUniqueOrThrow({ where: { id } })).toMatchObject({ state: 'done', attempt: 1 })
  expect((await eventsOf(engine, threadId)).slice(-2)).toEqual(['message.created', 'message.created'])
  expect(await eventsOf(engine, nextThread)).toEqual(['task.draft', 'task.queued'])
})

test('each message makes another, with a title that fits', async () => {
  const { engine, store, id, threadId } = await done()
  await Promise.all([store.postMessage(threadId, 'x'.repeat(500)), store.postMessage(threadId, 'two')])
  const all = await engine.db.prisma.task.findMany({ where: { followsId: id }, orderBy: { number: 'asc' } })
  expect(all.map(({ number }) => number)).toEqual([2, 3])
  expect(all.map(({ title }) => title.length).toSorted((a, b) => a - b)).toEqual(['Follow-up: two'.length, 200])
})

test('a task that follows nothing says so to its run', async () => {
  const { engine, store, project } = await done()
  const [id] = await store.createDrafts(project.id, [draft('b')])
  await store.accept(project.id)
  expect((await claimed(engine, id!)).follows).toBeNull()
})
