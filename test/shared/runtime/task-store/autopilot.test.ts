import { expect, test } from 'vitest'
import type { Claim } from '../../../../shared/runtime/task-store/index.ts'
import { draft, startEngine } from '../../../support/engine.ts'
import { claimed, sha, work } from '../../../support/runs.ts'
import { lineOf } from '../../../support/threads.ts'

async function flying(settings: { autoAccept?: boolean; autoApply?: boolean } = { autoAccept: true, autoApply: true }) {
  const engine = await startEngine()
  const { store } = engine
  const project = await engine.project({ settings })
  const states = async () =>
    Object.fromEntries(
      (await engine.db.prisma.task.findMany({ orderBy: { number: 'asc' } })).map(({ key, state }) => [key, state]),
    )
  const finish = async (id: string, exitCode: number | null = null) => {
    const claim = await claimed(engine, id)
    if (exitCode !== null) await check(claim, exitCode)
    await work(store, 0)(claim)
  }
  const check = (claim: Claim, exitCode: number) =>
    store.storeCheck(
      claim,
      { command: 'test', sha: sha('2'), exitCode, output: '', passed: null, failed: null, ms: 1 },
      false,
    )
  return { engine, store, project, states, finish }
}

test('with autoAccept drafts of people start as well, those of a batch in order', async () => {
  const { engine, store, project, states } = await flying({ autoAccept: true })
  const [a, b] = (await store.createDrafts(project.id, [draft('a'), draft('b', ['a'])])) as [string, string]
  expect(await states()).toEqual({ a: 'queued', b: 'queued' })
  await work(store, 0)(await claimed(engine, a))
  expect(await claimed(engine, b)).toMatchObject({ attempt: 1 })
})

test('without it a draft waits for a person', async () => {
  const { store, project, states } = await flying({ autoApply: true })
  await store.createDrafts(project.id, [draft('a')])
  expect(await states()).toEqual({ a: 'draft' })
})

test('with autoApply a task is in line for main as soon as it is ready, its prerequisites before it', async () => {
  const { engine, store, project, states, finish } = await flying()
  const [a, b] = (await store.createDrafts(project.id, [draft('a'), draft('b', ['a'])])) as [string, string]
  await finish(a, 0)
  expect(await states()).toMatchObject({ a: 'applying' })
  await finish(b)
  expect(await states()).toEqual({ a: 'applying', b: 'applying' })
  const line = await engine.db.prisma.apply.findMany({ orderBy: { position: 'asc' } })
  expect(line.map(({ taskId }) => taskId)).toEqual([a, b])
  const owed = await engine.db.prisma.outbox.count({ where: { kind: 'apply' } })
  expect(owed).toBeGreaterThan(0)
  await lineOf(store, project.id)
})

test('a red check keeps a task for people to look at, and all that builds on it', async () => {
  const { store, project, states, finish } = await flying()
  const [a, b] = (await store.createDrafts(project.id, [draft('a'), draft('b', ['a'])])) as [string, string]
  await finish(a, 1)
  await finish(b, 0)
  expect(await states()).toEqual({ a: 'ready', b: 'ready' })
  await store.requestApply(b)
  expect(await states()).toEqual({ a: 'applying', b: 'applying' })
})

test('a task that is stale when it is ready stays there', async () => {
  const { engine, store, project, states, finish } = await flying()
  const [a, b] = (await store.createDrafts(project.id, [draft('a'), draft('b', ['a'])])) as [string, string]
  await finish(a, 1)
  const claim = await claimed(engine, b)
  await store.open(claim, { baseSha: sha('1'), prompt: 'b' })
  const { threadId } = await engine.db.prisma.task.findUniqueOrThrow({ where: { id: a } })
  await store.postMessage(threadId, 'repair it')
  const again = await claimed(engine, a)
  await store.readMessages(again)
  await store.storeCheck(
    again,
    { command: 't', sha: sha('2'), exitCode: 0, output: '', passed: 1, failed: 0, ms: 1 },
    false,
  )
  await store.ready(again, { headSha: sha('3'), branch: 'tasks/1', output: '' })
  await store.ready(claim, { headSha: sha('2'), branch: 'tasks/2', output: '' })
  expect(await states()).toEqual({ a: 'applying', b: 'ready' })
})

test('what main has refused is not asked for again, neither by itself nor with what builds on it', async () => {
  const { engine, store, project, states, finish } = await flying()
  const [a, b] = (await store.createDrafts(project.id, [draft('a'), draft('b', ['a'])])) as [string, string]
  await finish(a)
  const fence = await lineOf(store, project.id)
  await store.returnToReady(fence, (await store.nextApply(fence))!, { code: 'merge_conflict', message: 'Conflict.' })
  expect(await states()).toMatchObject({ a: 'ready' })
  await finish(b)
  expect(await states()).toEqual({ a: 'ready', b: 'ready' })
  expect(await store.nextApply(fence)).toBeNull()

  // Feedback makes it another work, which is asked for.
  const { threadId } = await engine.db.prisma.task.findUniqueOrThrow({ where: { id: a } })
  await store.postMessage(threadId, 'settle it')
  await finish(a)
  expect(await states()).toMatchObject({ a: 'applying' })
})

test('a task is in line in the same transaction that makes it ready', async () => {
  const { engine, store, project, finish } = await flying()
  const [a] = (await store.createDrafts(project.id, [draft('a')])) as [string]
  await finish(a)
  const events = await engine.db.prisma.event.findMany({ where: { taskId: a }, orderBy: { seq: 'asc' } })
  expect(events.map(({ type }) => type).slice(-3)).toEqual(['task.ready', 'task.applying', 'task.apply'])
  const [ready, applying] = await engine.db.prisma.$queryRaw<{ xmin: string }[]>`
    SELECT xmin::text FROM events WHERE task_id = ${a}::uuid AND type IN ('task.ready', 'task.applying')`
  expect(ready).toEqual(applying)
})
