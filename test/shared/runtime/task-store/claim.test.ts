import { expect, test } from 'vitest'
import { LIMITS } from '../../../../shared/domain/limits.ts'
import { draft, startEngine } from '../../../support/engine.ts'
import { claimAs, claimed, expireLease, iterate, sha, work } from '../../../support/runs.ts'

async function one() {
  const engine = await startEngine()
  const project = await engine.project({ plan: '1' })
  const [id] = (await engine.store.createDrafts(project.id, [draft('a')])) as [string]
  await engine.store.accept(project.id)
  const row = () => engine.db.prisma.task.findUniqueOrThrow({ where: { id } })
  const fencedWrites = async () =>
    (await engine.db.prisma.fencedWrite.findMany({ orderBy: { id: 'asc' } })).map(({ epoch, write, worker }) => [
      Number(epoch),
      write,
      worker,
    ])
  return { engine, store: engine.store, project, id, row, fencedWrites }
}

test('a claim takes lease, slot and epoch, and opens a run', async () => {
  const { engine, id, row, project } = await one()
  const claim = await claimed(engine, id, 'alpha')
  expect(claim).toMatchObject({ epoch: 1n, attempt: 1, worker: 'alpha', projectId: project.id, baseSha: null })
  const task = await row()
  expect(task).toMatchObject({ state: 'active', epoch: 1n, leaseOwner: 'alpha', inLineAt: null })
  expect(task.leaseUntil!.getTime()).toBeGreaterThan(Date.now())
  expect(task.dueAt).toEqual(task.leaseUntil)
  expect(await engine.db.prisma.run.findMany({ select: { epoch: true, worker: true, outcome: true } })).toEqual([
    { epoch: 1n, worker: 'alpha', outcome: null },
  ])
  const active = await engine.db.prisma.event.findFirstOrThrow({ where: { type: 'task.active' } })
  expect(active.payload).toMatchObject({ from: 'queued', to: 'active', epoch: 1, worker: 'alpha' })
})

test('a job with another number than the task has is worth nothing', async () => {
  const { engine, store, id, row } = await one()
  const { jobNumber } = await row()
  for (const number of [0n, jobNumber! - 1n, jobNumber! + 1n]) {
    expect(await store.claim(id, number, 'w')).toEqual({ kind: 'refused', reason: 'superseded' })
  }
  expect(await store.claim('00000000-0000-7000-8000-000000000000', 1n, 'w')).toEqual({
    kind: 'refused',
    reason: 'superseded',
  })
  await work(store)(await claimed(engine, id))
  expect(await store.claim(id, jobNumber!, 'w')).toEqual({ kind: 'refused', reason: 'superseded' })
})

test('a live lease is told how long it lives, and is not touched', async () => {
  const { engine, id, row } = await one()
  await claimed(engine, id, 'alpha')
  const before = await row()
  const answer = await claimAs(engine, id, 'beta')
  expect(answer).toMatchObject({ kind: 'busy' })
  if (answer.kind === 'busy') expect(answer.retryInMs).toBeLessThanOrEqual(LIMITS.engine.leaseMs)
  expect(await row()).toEqual(before)
})

test('renewing extends a lease, also one that has run out and that nobody took', async () => {
  const { engine, store, id, row } = await one()
  const claim = await claimed(engine, id)
  await expireLease(engine, id)
  await store.renew(claim)
  expect((await row()).leaseUntil!.getTime()).toBeGreaterThan(Date.now())
  expect(await claimAs(engine, id, 'beta')).toMatchObject({ kind: 'busy' })
})

test('after a lost lease another takes over at the last stored iteration, and every late write is refused and counted', async () => {
  const { engine, store, id, row, fencedWrites } = await one()
  const first = await claimed(engine, id, 'alpha')
  await store.open(first, { baseSha: sha('1'), prompt: 'a' })
  await iterate(store, first, 1)
  await iterate(store, first, 2)
  await expireLease(engine, id)
  const second = await claimed(engine, id, 'beta')
  expect(second).toMatchObject({ epoch: 2n, attempt: 1, baseSha: sha('1') })
  expect(await store.load(second)).toMatchObject({ iteration: 2, headSha: second.headSha })
  const before = await row()

  const usage = { inputTokens: 1, outputTokens: 1 }
  const check = { command: 'x', sha: sha('9'), exitCode: 0, output: '', passed: null, failed: null, ms: 1 }
  const end = {
    attempt: 1,
    iteration: 3,
    steps: [],
    results: { role: 'tool' as const, results: [] },
    checkpoint: sha('9'),
  }
  const late: Record<string, () => Promise<unknown>> = {
    open: () => store.open(first, { baseSha: sha('9'), prompt: 'late' }),
    load: () => store.load(first),
    endIteration: () => store.endIteration(first, end),
    readMessages: () => store.readMessages(first),
    storeReply: () => store.storeReply(first, 3, { text: 'late', calls: [], usage }, 1),
    tell: () => store.tell(first, 'late'),
    notice: () => store.notice(first, 'late'),
    storeCheck: () => store.storeCheck(first, check, false),
    ready: () => store.ready(first, { headSha: sha('9'), branch: 'late', output: 'late' }),
    fail: () => store.fail(first, { code: 'late', message: 'late' }),
    giveBack: () => store.giveBack(first),
    park: () => store.park(first, { reason: 'answer', waitingOn: [] }),
  }
  for (const write of Object.values(late)) await expect(write()).rejects.toMatchObject({ name: 'Fenced' })
  await expect(store.renew(first)).rejects.toMatchObject({ name: 'Fenced' })
  expect(await row()).toEqual(before)
  expect(await fencedWrites()).toEqual(Object.keys(late).map(write => [1, write, 'alpha']))
  expect(await engine.db.prisma.run.findMany({ orderBy: { epoch: 'asc' }, select: { outcome: true } })).toEqual([
    { outcome: 'lost' },
    { outcome: null },
  ])
})

test('a lost task goes to the first that comes for it, though it has been called again meanwhile', async () => {
  const { engine, store, id, row } = await one()
  await claimed(engine, id, 'alpha')
  await expireLease(engine, id)
  const called = (await row()).jobNumber!
  const calledAgain = called + 1n
  await engine.db.prisma.task.update({ where: { id }, data: { jobNumber: calledAgain } })
  expect(await store.claim(id, called, 'beta')).toMatchObject({ kind: 'claimed', claim: { epoch: 2n } })
  expect(await store.claim(id, calledAgain, 'gamma')).toEqual({ kind: 'refused', reason: 'superseded' })
  expect(await row()).toMatchObject({ epoch: 2n, leaseOwner: 'beta', jobNumber: called })
  expect(await engine.db.prisma.outbox.findMany({ where: { kind: 'discard' } })).toMatchObject([
    { payload: { taskId: id, jobNumber: String(calledAgain) } },
  ])
})

test('a take-over needs neither a free slot nor satisfied prerequisites: the task has both already', async () => {
  const engine = await startEngine()
  const { store } = engine
  const project = await engine.project({ plan: '1' })
  const [a, b] = (await store.createDrafts(project.id, [draft('a'), draft('b', ['a'])])) as [string, string]
  await store.accept(project.id)
  await work(store, 0)(await claimed(engine, a))
  await claimed(engine, b, 'alpha')
  const { threadId } = await engine.db.prisma.task.findUniqueOrThrow({ where: { id: a } })
  await store.postMessage(threadId, 'again')
  await expireLease(engine, b)
  expect(await claimAs(engine, b, 'beta')).toMatchObject({ kind: 'claimed', claim: { epoch: 2n } })
})

test('a task under which one worker after the other dies fails with the reason, and gives its slot back', async () => {
  const { engine, store, project, id, row } = await one()
  const [next] = (await store.createDrafts(project.id, [draft('next')])) as [string]
  await store.accept(project.id)
  await claimed(engine, id)
  await claimAs(engine, next, 'w')
  for (let death = 1; death < LIMITS.engine.workerDeaths; death++) {
    await expireLease(engine, id)
    await claimed(engine, id)
    expect((await row()).deaths).toBe(death)
  }
  await expireLease(engine, id)
  expect(await claimAs(engine, id, 'w')).toEqual({ kind: 'refused', reason: 'failed' })
  expect(await row()).toMatchObject({ state: 'failed', failureCode: 'worker_lost', attempt: 1 })
  expect(await engine.db.prisma.run.count({ where: { endedAt: null } })).toBe(0)
  expect(await claimAs(engine, next, 'w')).toMatchObject({ kind: 'claimed' })
  await store.retry(id)
  expect(await row()).toMatchObject({ state: 'queued', deaths: 0, attempt: 2 })
})

test('a new checkpoint forgives the deaths before it', async () => {
  const { engine, store, id, row } = await one()
  for (let round = 1; round <= 2 * LIMITS.engine.workerDeaths; round++) {
    const claim = await claimed(engine, id)
    if (round === 1) await store.open(claim, { baseSha: sha('1'), prompt: 'a' })
    await iterate(store, claim, round)
    expect((await row()).deaths).toBe(0)
    await expireLease(engine, id)
  }
  expect((await row()).state).toBe('active')
})

test('giving back counts nothing when a worker leaves', async () => {
  const { engine, store, id, row } = await one()
  for (let round = 0; round < 3; round++) await store.giveBack(await claimed(engine, id))
  expect(await row()).toMatchObject({ state: 'queued', attempt: 1, deaths: 0, brokenRuns: 0 })
})
