import pg from 'pg'
import { expect, test } from 'vitest'
import { branchName } from '../../../../shared/domain/slug.ts'
import { check } from '../../../support/checker.ts'
import { draft, type Engine, startEngine } from '../../../support/engine.ts'
import { eventually } from '../../../support/eventually.ts'
import { readHistory } from '../../../support/history.ts'
import { claimAs, claimed, sha, work } from '../../../support/runs.ts'
import { random, scale, seed } from '../../../support/scale.ts'

test('whatever people and workers do at once, it leaves a clean history and no surprise', async () => {
  const engine = await startEngine()
  const { store, db } = engine
  const next = random()
  const projects = await Promise.all([engine.project({ plan: '6' }), engine.project({ plan: '6' })])
  const pick = <T>(from: readonly T[]): T => from[Math.floor(next() * from.length)]!
  for (const project of projects) {
    const drafts = Array.from({ length: 24 }, (_, index) => draft(`t${index}`, index < 3 ? [] : [`t${index - 3}`]))
    await store.createDrafts(project.id, drafts)
    await store.accept(project.id)
  }
  const ids = (await db.prisma.task.findMany()).map(({ id, number, title, projectId, threadId }) => ({
    id,
    projectId,
    threadId,
    branch: branchName(number!, title),
  }))
  const deeds: (() => Promise<unknown>)[] = [
    async () => {
      const { id } = pick(ids)
      const claim = await claimAs(engine, id, 'w')
      if (claim.kind === 'claimed') await work(store, 1)(claim.claim)
    },
    () => store.cancel(pick(ids).id),
    () => store.retry(pick(ids).id),
    () => store.requestApply(pick(ids).id),
    () => store.postMessage(pick(ids).threadId, 'more'),
    () => store.update(pick(ids).id, { dependsOn: [pick(ids).id] }),
    async () => {
      const { projectId, id } = pick(ids)
      await store.createDrafts(projectId, [draft('new', [id])])
      await store.accept(projectId)
    },
    async () => {
      const line = await store.claimLine(pick(projects).id, 'w')
      if (!('fence' in line)) return
      const apply = await store.nextApply(line.fence)
      const chance = next()
      if (apply && chance < 0.5) await store.returnToReady(line.fence, apply, { code: 'x', message: 'x' })
      else if (apply && chance < 0.55) await store.applyBroke(line.fence, apply, 'x')
      else if (apply) await store.applied(line.fence, apply, { mergeSha: sha('4'), headSha: sha('4') })
      await store.releaseLine(line.fence)
    },
    () => {
      const { projectId, branch } = pick(ids)
      return store.branchPushed(projectId, branch, sha('8'))
    },
  ]
  const surprises: unknown[] = []
  await Promise.all(
    Array.from({ length: 8 }, async () => {
      for (let index = 0; index < scale(1_500) / 8; index++) {
        await pick([deeds[0]!, ...deeds])().catch((error: Error) => {
          if (error.name !== 'Refused' && error.name !== 'Fenced') surprises.push(error)
        })
      }
    }),
  )
  expect(surprises, `seed ${seed()}`).toEqual([])
  expect(check(await readHistory(db), { atRest: false }), `seed ${seed()}`).toEqual([])
})

test("runs, drafts and the line of applies of one project do not stand in each other's way", async () => {
  const engine = await startEngine()
  const { store } = engine
  const project = await engine.project({ plan: '20' })
  const count = scale(600)
  const ids = await store.createDrafts(
    project.id,
    Array.from({ length: 6 }, (_, index) => draft(`t${index}`)),
  )
  await store.accept(project.id)
  const [inLine, ...running] = await Promise.all(ids.map(id => claimed(engine, id)))
  await work(store, 0)(inLine!)
  await store.requestApply(inLine!.taskId)
  const line = await store.claimLine(project.id, 'w')
  if (!('fence' in line)) throw new Error('the line is busy')
  const apply = (await store.nextApply(line.fence))!
  const often = async (deed: () => Promise<unknown>) => {
    for (let index = 0; index < count; index++) await deed()
  }
  await Promise.all([
    often(() => store.applyPhase(line.fence, apply, { phase: 'merging' })),
    often(() => store.applyPhase(line.fence, apply, { phase: 'verifying' })),
    ...running.map(claim => often(() => store.tell(claim, 'still at it'))),
    often(() => store.createDrafts(project.id, [draft('new', ids)])),
  ])
  expect(check(await readHistory(engine.db), { atRest: false })).toEqual([])
  expect(await deadlocks(engine, 8 * count)).toBe(0)
})

/**
 * How often Postgres had to end a transaction because two waited for each other. Nobody else knows, as those are tried again;
 * and it counts when connections end, so the engine's are closed.
 */
async function deadlocks({ db, databaseUrl }: Engine, transactions: number): Promise<number> {
  await db.close()
  const client = new pg.Client({ connectionString: databaseUrl })
  await client.connect()
  try {
    return await eventually(async () => {
      const { rows } = await client.query<{ deadlocks: string; commits: string }>(
        'SELECT deadlocks, xact_commit AS commits FROM pg_stat_database WHERE datname = current_database()',
      )
      expect(Number(rows[0]!.commits)).toBeGreaterThanOrEqual(transactions)
      return Number(rows[0]!.deadlocks)
    })
  } finally {
    await client.end()
  }
}
