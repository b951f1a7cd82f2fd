import { expect, test } from 'vitest'
import { draft, startEngine } from '../../../support/engine.ts'

async function drafting() {
  const engine = await startEngine()
  const project = await engine.project()
  const create = (...drafts: Parameters<typeof engine.store.createDrafts>[1]) =>
    engine.store.createDrafts(project.id, drafts)
  const counts = async () => ({
    tasks: await engine.db.prisma.task.count(),
    edges: await engine.db.prisma.edge.count(),
    threads: await engine.db.prisma.thread.count({ where: { kind: 'task' } }),
    events: await engine.db.prisma.event.count(),
  })
  return { ...engine, project, create, counts }
}

const EMPTY = { tasks: 0, edges: 0, threads: 0, events: 0 }

test('drafts get numbers, threads, events and edges in the order given', async () => {
  const { create, db, project } = await drafting()
  const ids = await create(draft('a'), draft('b', ['a']), draft('c', ['b', 'a']))
  const tasks = await db.prisma.task.findMany({
    where: { projectId: project.id },
    orderBy: { number: 'asc' },
    include: { prerequisites: { orderBy: { position: 'asc' } }, thread: true },
  })
  expect(tasks.map(({ id, number, state, attempt }) => ({ id, number, state, attempt }))).toEqual(
    ids.map((id, index) => ({ id, number: index + 1, state: 'draft', attempt: 0 })),
  )
  expect(tasks[2]!.prerequisites.map(edge => edge.prerequisiteId)).toEqual([ids[1], ids[0]])
  expect(tasks.map(({ thread }) => thread.title)).toEqual(['a', 'b', 'c'])
  const events = await db.prisma.event.findMany({ orderBy: { seq: 'asc' } })
  expect(events.map(({ type, taskId }) => [type, taskId])).toEqual(ids.map(id => ['task.draft', id]))
})

test('a prerequisite that is named twice counts once', async () => {
  const { create, db } = await drafting()
  await create(draft('a'), draft('b', ['a', 'a']))
  expect(await db.prisma.edge.count()).toBe(1)
})

test('a draft may depend on a task that is there already', async () => {
  const { create, db } = await drafting()
  const [first] = await create(draft('a'))
  const [second] = await create(draft('a', [first!.toUpperCase()]))
  expect(await db.prisma.edge.findMany({ select: { taskId: true, prerequisiteId: true } })).toEqual([
    { taskId: second, prerequisiteId: first },
  ])
})

test('an unknown key anywhere in a batch leaves nothing of it behind', async () => {
  const { create, counts } = await drafting()
  await expect(create(draft('a'), draft('b', ['a']), draft('c', ['nowhere']))).rejects.toMatchObject({
    code: 'invalid_request',
    errors: [{ path: 'tasks.2.dependsOn.0' }],
  })
  expect(await counts()).toEqual(EMPTY)
})

test('a task of another project is as unknown as none', async () => {
  const engine = await startEngine()
  const [here, there] = [await engine.project(), await engine.project()]
  const [foreign] = await engine.store.createDrafts(there.id, [draft('a')])
  await expect(engine.store.createDrafts(here.id, [draft('b', [foreign!])])).rejects.toMatchObject({
    code: 'invalid_request',
  })
  expect(await engine.db.prisma.task.count({ where: { projectId: here.id } })).toBe(0)
})

test('two drafts of one key are refused, both named', async () => {
  const { create, counts } = await drafting()
  await expect(create(draft('a'), draft('b'), draft('a'))).rejects.toMatchObject({
    code: 'invalid_request',
    errors: [{ path: 'tasks.2.key', message: '“a” is also the key of task 0' }],
  })
  expect(await counts()).toEqual(EMPTY)
})

test('drafts that wait for each other in a circle are refused with the path', async () => {
  const { create, counts } = await drafting()
  await expect(create(draft('a', ['c']), draft('b', ['a']), draft('c', ['b']))).rejects.toMatchObject({
    code: 'cycle',
    message: expect.stringMatching(/a → .* → a|b → .* → b|c → .* → c/),
  })
  await expect(create(draft('a', ['a']))).rejects.toMatchObject({ code: 'cycle' })
  expect(await counts()).toEqual(EMPTY)
})

test('batches that are made at once get numbers of their own', async () => {
  const { create, db } = await drafting()
  await Promise.all(Array.from({ length: 8 }, () => create(draft('a'), draft('b', ['a']), draft('c'))))
  const numbers = (await db.prisma.task.findMany({ orderBy: { number: 'asc' } })).map(({ number }) => number)
  expect(numbers).toEqual(Array.from({ length: 24 }, (_, index) => index + 1))
  const seqs = (await db.prisma.event.findMany({ orderBy: { seq: 'asc' } })).map(({ seq }) => Number(seq))
  expect(seqs).toEqual(Array.from({ length: 24 }, (_, index) => index + 1))
})
