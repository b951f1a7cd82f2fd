import { expect, test } from 'vitest'
import { LIMITS } from '../../../../shared/domain/limits.ts'
import { reconcile } from '../../../../shared/runtime/task-flow/reconcile.ts'
import { draft, startEngine } from '../../../support/engine.ts'
import { claimed, sha, work } from '../../../support/runs.ts'

const { brokenRuns, brokenRunPauseMs, brokenRunPauseMaxMs } = LIMITS.engine
const hints = { projectChanged() {}, taskChanged() {}, outboxFilled() {}, delta() {} }

/** Ready tasks a ← b, and c beside them, all in line. */
async function inLine() {
  const engine = await startEngine()
  const { store, db } = engine
  const project = await engine.project()
  const drafts = [draft('a'), draft('b', ['a']), draft('c')]
  const [a, b, c] = (await store.createDrafts(project.id, drafts)) as [string, string, string]
  await store.accept(project.id)
  for (const id of [a, b, c]) await work(store, 0)(await claimed(engine, id))
  await store.requestApply(b)
  await store.requestApply(c)
  const row = (id: string) => db.prisma.task.findUniqueOrThrow({ where: { id } })
  const breaks = async (taskId: string) =>
    (await db.prisma.apply.findFirstOrThrow({ where: { taskId }, orderBy: { position: 'desc' } })).breaks
  /** Takes the line and its first apply; `busyMs` where it rests. */
  const take = async () => {
    const line = await store.claimLine(project.id, 'w')
    if ('busyMs' in line) return line
    return { fence: line.fence, apply: (await store.nextApply(line.fence))! }
  }
  const taken = async () => {
    const line = await take()
    if ('busyMs' in line) throw new Error(`busy for ${line.busyMs} ms`)
    return line
  }
  /** Lets the pause be over. */
  const rested = () => db.prisma.$executeRaw`UPDATE projects SET apply_lease_until = now() - interval '1 second'`
  return { engine, store, db, project, row, breaks, take, taken, rested, a, b, c }
}

test('an apply that breaks lets the line rest, each time twice as long, and goes back to ready in the end', async () => {
  const { store, db, row, breaks, take, taken, rested, a, b, c } = await inLine()
  for (let round = 1; round < brokenRuns; round++) {
    const { fence, apply } = await taken()
    await store.applyBroke(fence, apply, 'no docker')
    await store.releaseLine(fence)
    expect(await breaks(a)).toBe(round)
    const { busyMs } = (await take()) as { busyMs: number }
    const pause = Math.min(brokenRunPauseMaxMs, brokenRunPauseMs * 2 ** (round - 1))
    expect(busyMs).toBeGreaterThan(pause - 1_500)
    expect(busyMs).toBeLessThanOrEqual(pause)
    await rested()
  }
  expect(await row(a)).toMatchObject({ state: 'applying', failureCode: null })
  const told = await db.prisma.message.findMany({ where: { threadId: (await row(a)).threadId, role: 'system' } })
  expect(told.map(({ text }) => text)).toEqual([
    expect.stringMatching(/broke 3 times.*tried again by itself, 20 times.*no docker$/),
  ])
  const { fence, apply } = await taken()
  await store.applyBroke(fence, apply, 'no docker at all')
  expect(await row(a)).toMatchObject({ state: 'ready', failureCode: 'infrastructure' })
  expect((await row(a)).failureText).toMatch(/main version was left as it is.*Apply it again.*no docker at all$/)
  expect(await row(b)).toMatchObject({ state: 'ready', failureCode: 'apply_stopped' })
  // The line goes on at once with what is next.
  expect(await store.nextApply(fence)).toMatchObject({ taskId: c })
  expect(await breaks(c)).toBe(0)
  await store.releaseLine(fence)

  await store.requestApply(a)
  expect(await breaks(a)).toBe(0)
})

test('what broke after the swap may have reached main, and the message does not claim otherwise', async () => {
  const { store, db, row, taken, a } = await inLine()
  const { fence, apply } = await taken()
  await store.applyPhase(fence, apply, { phase: 'swapping', mainBefore: sha('3'), mergeSha: sha('4') })
  await db.prisma.apply.update({ where: { id: apply.id }, data: { breaks: brokenRuns - 1 } })
  await store.applyBroke(fence, apply, 'no answer')
  expect((await row(a)).failureText).toContain('could not be found out')
  expect((await row(a)).failureText).not.toContain('left as it is')
})

test('a line that rests is not taken up by the reconciler before its pause is over', async () => {
  const { engine, store, db, taken, rested } = await inLine()
  const { fence, apply } = await taken()
  await store.applyBroke(fence, apply, 'no docker')
  await db.prisma.outbox.deleteMany()
  await db.prisma.$executeRaw`UPDATE applies SET requested_at = now() - interval '1 hour'`
  const owed = () => db.prisma.outbox.count({ where: { kind: 'apply' } })
  await reconcile({ ...engine, hints })
  expect(await owed()).toBe(0)
  await rested()
  await reconcile({ ...engine, hints })
  expect(await owed()).toBe(1)
})

test('a break is counted only by whoever has the line, and not once the apply is over', async () => {
  const { store, db, project, breaks, taken, rested, a, c } = await inLine()
  const { fence, apply } = await taken()
  await rested()
  const second = await taken()
  await expect(store.applyBroke(fence, apply, 'late')).rejects.toMatchObject({ name: 'Fenced' })
  expect(await db.prisma.fencedWrite.findMany()).toMatchObject([{ taskId: a, write: 'line.applyBroke' }])
  expect(await breaks(a)).toBe(0)

  await store.applied(second.fence, second.apply, { mergeSha: sha('4'), headSha: sha('4') })
  await store.applyBroke(second.fence, second.apply, 'the answer was lost')
  expect(await breaks(a)).toBe(0)
  await store.releaseLine(second.fence)
  const line = await store.claimLine(project.id, 'w')
  expect(line).toMatchObject({ fence: { epoch: second.fence.epoch + 1n } })
  expect(await breaks(c)).toBe(0)
})

test('a renewal that crosses with the own break is not late, and does not cut the pause short', async () => {
  const { store, db, take, taken } = await inLine()
  const { fence, apply } = await taken()
  await db.prisma.apply.update({ where: { id: apply.id }, data: { breaks: 10 } })
  await store.applyBroke(fence, apply, 'no docker')
  await expect(store.renewLine(fence)).rejects.toMatchObject({ name: 'Fenced' })
  expect(await db.prisma.fencedWrite.count()).toBe(0)
  expect(((await take()) as { busyMs: number }).busyMs).toBeGreaterThan(brokenRunPauseMaxMs - 5_000)
})
