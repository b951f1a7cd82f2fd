import pg from 'pg'
import { expect, test } from 'vitest'
import type { LineFence } from '../../../../shared/runtime/task-store/index.ts'
import { draft, startEngine } from '../../../support/engine.ts'
import { eventually } from '../../../support/eventually.ts'
import { claimed, sha, work } from '../../../support/runs.ts'

/** Ready tasks a ← b ← c, and d beside them. */
async function done() {
  const engine = await startEngine()
  const { store } = engine
  const project = await engine.project()
  const drafts = [draft('a'), draft('b', ['a']), draft('c', ['b']), draft('d')]
  const [a, b, c, d] = (await store.createDrafts(project.id, drafts)) as [string, string, string, string]
  await store.accept(project.id)
  for (const id of [a, b, c, d]) await work(store, 0)(await claimed(engine, id))
  const states = async () =>
    (await engine.db.prisma.task.findMany({ orderBy: { number: 'asc' } })).map(({ state }) => state)
  const line = async (worker = 'w'): Promise<LineFence> => {
    const claim = await store.claimLine(project.id, worker)
    if (!('fence' in claim)) throw new Error(`busy for ${claim.busyMs} ms`)
    return claim.fence
  }
  const row = (id: string) => engine.db.prisma.task.findUniqueOrThrow({ where: { id } })
  return { engine, store, project, states, line, row, a, b, c, d }
}

test('a request takes the prerequisites that are not applied yet, before the task itself', async () => {
  const { store, states, a, b, c } = await done()
  expect(await store.requestApply(c)).toEqual([a, b, c])
  expect(await states()).toEqual(['applying', 'applying', 'applying', 'ready'])
})

test('asking again gives the same answer and puts nothing in line twice', async () => {
  const { engine, store, a, b, c } = await done()
  await store.requestApply(b)
  expect(await Promise.all([store.requestApply(c), store.requestApply(c), store.requestApply(b)])).toEqual([
    [a, b, c],
    [a, b, c],
    [a, b],
  ])
  expect(await engine.db.prisma.apply.count()).toBe(3)
})

test('what is not ready, or stale, is not applied, nor what builds on it', async () => {
  const { engine, store, states, a, b, c, row } = await done()
  await store.postMessage((await row(a)).threadId, 'again')
  await expect(store.requestApply(a)).rejects.toMatchObject({ code: 'illegal_state' })
  await expect(store.requestApply(c)).rejects.toMatchObject({ message: expect.stringContaining('“a” is queued') })
  await work(store, 0)(await claimed(engine, a))
  await expect(store.requestApply(c)).rejects.toMatchObject({
    message: expect.stringContaining('#2 “b” cannot be applied'),
  })
  await expect(store.requestApply(b)).rejects.toMatchObject({ code: 'illegal_state' })
  expect(await states()).toEqual(['ready', 'ready', 'ready', 'ready'])
})

test('the line is worked off in order, each entering main once', async () => {
  const { engine, store, project, states, line, a, b, c, d } = await done()
  await store.requestApply(d)
  await store.requestApply(c)
  const fence = await line()
  const order: string[] = []
  for (let apply = await store.nextApply(fence); apply; apply = await store.nextApply(fence)) {
    order.push(apply.taskId)
    await store.applyPhase(fence, apply, { phase: 'merging' })
    await store.applyPhase(fence, apply, { phase: 'swapping', mainBefore: sha('3'), mergeSha: sha('4') })
    expect(await store.nextApply(fence)).toMatchObject({ phase: 'swapping', mainBefore: sha('3'), mergeSha: sha('4') })
    const end = { mergeSha: sha('4'), headSha: sha('4') }
    await store.applied(fence, apply, end)
    await expect(store.applied(fence, apply, end)).rejects.toMatchObject({ code: 'illegal_state' })
  }
  expect(order).toEqual([d, a, b, c])
  expect(await states()).toEqual(['done', 'done', 'done', 'done'])
  expect(await engine.db.prisma.project.findUniqueOrThrow({ where: { id: project.id } })).toMatchObject({
    headSha: sha('4'),
  })
  await expect(store.requestApply(c)).rejects.toMatchObject({ code: 'illegal_state' })
})

test('a request that races with the end of its prerequisite goes through', async () => {
  const { store, line, a, b } = await done()
  await store.requestApply(a)
  const fence = await line()
  const apply = await store.nextApply(fence)
  const [, asked] = await Promise.all([
    store.applied(fence, apply!, { mergeSha: sha('4'), headSha: sha('4') }),
    store.requestApply(b),
  ])
  expect([[b], [a, b]]).toContainEqual(asked)
})

test('one that fails sends its group and all that build on it back to ready, with what stopped them; others stay', async () => {
  const { store, states, line, row, engine, a, b, c, d } = await done()
  await store.requestApply(b)
  await store.requestApply(c)
  await store.requestApply(d)
  const fence = await line()
  const apply = await store.nextApply(fence)
  expect(apply).toMatchObject({ taskId: a })
  await store.returnToReady(fence, apply!, { code: 'merge_conflict', message: 'conflicts in x.txt' })
  expect(await states()).toEqual(['ready', 'ready', 'ready', 'applying'])
  expect(await row(a)).toMatchObject({ failureCode: 'merge_conflict', failureText: 'conflicts in x.txt' })
  expect(await row(c)).toMatchObject({ failureCode: 'apply_stopped' })
  expect((await row(b)).failureText).toContain('x.txt')
  const told = await engine.db.prisma.message.findMany({ where: { threadId: (await row(a)).threadId, role: 'system' } })
  expect(told.map(({ text }) => text)).toEqual(['conflicts in x.txt'])
  expect(await store.nextApply(fence)).toMatchObject({ taskId: d })
  expect(await store.requestApply(a)).toEqual([a])
  expect(await row(a)).toMatchObject({ failureCode: null, failureText: null })
})

test('one worker at a time works off a line; who lost its lease writes nothing more', async () => {
  const { engine, store, project, states, line, a } = await done()
  await store.requestApply(a)
  const first = await line('alpha')
  const apply = (await store.nextApply(first))!
  expect(await store.claimLine(project.id, 'beta')).toMatchObject({ busyMs: expect.any(Number) })
  await store.renewLine(first)
  await engine.db.prisma.$executeRaw`UPDATE projects SET apply_lease_until = now() - interval '1 second'`
  const second = await line('beta')
  expect(second.epoch).toBe(first.epoch + 1n)
  const fenced = { name: 'Fenced' }
  await expect(store.renewLine(first)).rejects.toMatchObject(fenced)
  await expect(store.applyPhase(first, apply, { phase: 'merging' })).rejects.toMatchObject(fenced)
  await expect(store.applied(first, apply, { mergeSha: null, headSha: sha('4') })).rejects.toMatchObject(fenced)
  await expect(store.returnToReady(first, apply, { code: 'x', message: 'x' })).rejects.toMatchObject(fenced)
  const late = await engine.db.prisma.fencedWrite.findMany({ orderBy: { id: 'asc' } })
  expect(late.map(({ taskId, epoch, write, worker }) => [taskId, epoch, write, worker])).toEqual(
    ['renew', 'applyPhase', 'applied', 'returnToReady'].map(write => [a, first.epoch, `line.${write}`, 'alpha']),
  )
  await store.releaseLine(first)
  expect(await store.claimLine(project.id, 'gamma')).toMatchObject({ busyMs: expect.any(Number) })
  expect((await states())[0]).toBe('applying')
  await store.releaseLine(second)
  // A renewal that crosses with the own release is not late.
  await expect(store.renewLine(second)).rejects.toMatchObject(fenced)
  expect(await engine.db.prisma.fencedWrite.count()).toBe(late.length)
  expect(await store.claimLine(project.id, 'gamma')).toMatchObject({ fence: { epoch: second.epoch + 1n } })
})

test("a push to a ready task's branch makes its checks and its started dependants stale", async () => {
  const { store, project, row, engine, a, b, d } = await done()
  await engine.db.prisma.task.update({ where: { id: a }, data: { checkStatus: 'passed', checkPassed: 3 } })
  const { branch } = await row(a)
  await store.branchPushed(project.id, branch!, sha('6'))
  expect(await row(a)).toMatchObject({ headSha: sha('6'), checkStatus: 'stale', checkPassed: null })
  expect((await row(b)).staleReason).toContain('push')
  expect((await row(d)).staleReason).toBeNull()
  await store.requestApply(a)
  await store.branchPushed(project.id, branch!, sha('7'))
  expect((await row(a)).headSha).toBe(sha('6'))
})

test('who asks for a dependant while its prerequisite goes back, goes back with it', async () => {
  const { engine, store, states, line, a, b } = await done()
  await store.requestApply(a)
  const fence = await line()
  const apply = (await store.nextApply(fence))!
  const client = new pg.Client({ connectionString: engine.databaseUrl })
  await client.connect()
  const waiting = (count: number) =>
    eventually(async () => {
      const blocked = await engine.db.prisma.$queryRaw`
        SELECT 1 FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'`
      expect(blocked).toHaveLength(count)
    })
  await client.query('BEGIN')
  await client.query('SELECT id FROM organizations FOR NO KEY UPDATE')
  const asked = store.requestApply(b)
  await waiting(1)
  const back = store.returnToReady(fence, apply, { code: 'checks_failed', message: 'red' })
  await waiting(2)
  await client.query('COMMIT')
  await client.end()
  await Promise.all([asked, back])
  expect((await states()).slice(0, 2)).toEqual(['ready', 'ready'])
  expect(await store.nextApply(fence)).toBeNull()
})

test('its phases are told in the thread, as those of a turn or of a task', async () => {
  const { engine, store, line, a, row } = await done()
  await store.requestApply(a)
  const fence = await line()
  await store.applyPhase(fence, (await store.nextApply(fence))!, { phase: 'merging' })
  const event = await engine.db.prisma.event.findFirstOrThrow({ orderBy: { seq: 'desc' } })
  expect(event).toMatchObject({
    type: 'task.apply',
    taskId: a,
    threadId: (await row(a)).threadId,
    payload: { phase: 'merging' },
  })
})
