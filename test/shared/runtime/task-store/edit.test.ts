import { expect, test } from 'vitest'
import { draft, startEngine } from '../../../support/engine.ts'
import { claimAs, claimed, sha, work } from '../../../support/runs.ts'

async function three() {
  const engine = await startEngine()
  const project = await engine.project()
  const [a, b, c] = await engine.store.createDrafts(project.id, [draft('a'), draft('b'), draft('c')])
  const edges = async () =>
    (await engine.db.prisma.edge.findMany({ orderBy: [{ taskId: 'asc' }, { position: 'asc' }] })).map(
      ({ taskId, prerequisiteId }) => [taskId, prerequisiteId],
    )
  const row = (id: string) => engine.db.prisma.task.findUniqueOrThrow({ where: { id } })
  return { engine, store: engine.store, project, edges, row, a: a!, b: b!, c: c! }
}

test("a draft's text, model and priority can be changed, and its thread is called as it is", async () => {
  const { store, row, engine, a } = await three()
  await store.update(a, { title: 'Alpha', plan: 'other', model: 'openai:x', priority: 5 })
  const task = await row(a)
  expect(task).toMatchObject({ title: 'Alpha', plan: 'other', model: 'openai:x', priority: 5, description: '' })
  expect(await engine.db.prisma.thread.findUniqueOrThrow({ where: { id: task.threadId } })).toMatchObject({
    title: 'Alpha',
  })
})

test('the text of an accepted task stands, its edges can change until it starts', async () => {
  const { store, project, edges, engine, a, b } = await three()
  await store.accept(project.id)
  await expect(store.update(a, { title: 'Alpha' })).rejects.toMatchObject({ code: 'illegal_state' })
  await store.update(b, { dependsOn: [a], priority: 7 })
  expect(await edges()).toEqual([[b, a]])
  await claimed(engine, a)
  await expect(store.update(a, { dependsOn: [] })).rejects.toMatchObject({ code: 'illegal_state' })
  await expect(store.update(a, { priority: 1 })).rejects.toMatchObject({ code: 'illegal_state' })
})

test('one that was cancelled or failed before it had a base has not started', async () => {
  const { store, project, edges, engine, a, b } = await three()
  await store.accept(project.id)
  await store.cancel(b)
  await store.update(b, { dependsOn: [a] })
  await store.fail(await claimed(engine, a), { code: 'prerequisite_conflict', message: 'x' })
  await store.update(b, { dependsOn: [] })
  await store.update(a, { dependsOn: [b] })
  expect(await edges()).toEqual([[a, b]])
})

test('a task that started and was given back keeps its edges', async () => {
  const { store, project, engine, a, b } = await three()
  await store.accept(project.id)
  const claim = await claimed(engine, a)
  await store.open(claim, { baseSha: sha('1'), prompt: 'a' })
  await store.giveBack(claim)
  await expect(store.update(a, { dependsOn: [b] })).rejects.toMatchObject({ code: 'illegal_state' })
})

test('an edge to nowhere, to itself or into a circle changes nothing', async () => {
  const { store, edges, a, b, c } = await three()
  await store.update(b, { dependsOn: [a] })
  await store.update(c, { dependsOn: [b] })
  const before = await edges()
  await expect(store.update(a, { dependsOn: [c] })).rejects.toMatchObject({
    code: 'cycle',
    message: expect.stringContaining('→'),
  })
  await expect(store.update(a, { dependsOn: [a] })).rejects.toMatchObject({ code: 'cycle' })
  await expect(store.update(a, { dependsOn: ['zzz'] })).rejects.toMatchObject({
    code: 'invalid_request',
    errors: [{ path: 'dependsOn.0' }],
  })
  expect(await edges()).toEqual(before)
})

test('of two edits that each close half of a circle, one is refused', async () => {
  const { store, edges, a, b, c } = await three()
  for (let round = 0; round < 10; round++) {
    const outcomes = await Promise.allSettled([
      store.update(a, { dependsOn: [b] }),
      store.update(b, { dependsOn: [c] }),
      store.update(c, { dependsOn: [a] }),
    ])
    expect(outcomes.filter(({ status }) => status === 'rejected')).toMatchObject([{ reason: { code: 'cycle' } }])
    expect(await edges()).toHaveLength(2)
    for (const id of [a, b, c]) await store.update(id, { dependsOn: [] })
  }
})

test('a queued task may start when its last open edge is removed', async () => {
  const { store, project, engine, a, b } = await three()
  await store.update(b, { dependsOn: [a] })
  await store.accept(project.id, [b])
  expect(await claimAs(engine, b, 'w')).toEqual({ kind: 'refused', reason: 'dependency' })
  await store.update(b, { dependsOn: [] })
  expect(await claimAs(engine, b, 'w')).toMatchObject({ kind: 'claimed' })
})

test('a queued task gets a new edge and waits for it, whatever its old job says', async () => {
  const { store, project, engine, row, a, b } = await three()
  await store.accept(project.id)
  const { jobNumber } = await row(b)
  await store.update(b, { dependsOn: [a] })
  expect(await engine.store.claim(b, jobNumber!, 'w')).toEqual({ kind: 'refused', reason: 'superseded' })
  expect(await claimAs(engine, b, 'w')).toEqual({ kind: 'refused', reason: 'dependency' })
  await work(store)(await claimed(engine, a))
  expect(await claimAs(engine, b, 'w')).toMatchObject({ kind: 'claimed', claim: { prerequisites: [{ id: a }] } })
})
