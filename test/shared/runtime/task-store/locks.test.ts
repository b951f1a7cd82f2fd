import pg from 'pg'
import { expect, test } from 'vitest'
import { check } from '../../../support/checker.ts'
import { draft, startEngine } from '../../../support/engine.ts'
import { eventually } from '../../../support/eventually.ts'
import { readHistory } from '../../../support/history.ts'
import { claimAs, sha, work } from '../../../support/runs.ts'
import { random, scale, seed } from '../../../support/scale.ts'

test('whatever people and workers do at once, no two transactions wait for each other', async () => {
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
  const ids = (await db.prisma.task.findMany()).map(({ id, projectId, threadId }) => ({ id, projectId, threadId }))
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
      if (apply && next() < 0.5) await store.returnToReady(line.fence, apply, { code: 'x', message: 'x' })
      else if (apply) await store.applied(line.fence, apply, { mergeSha: sha('4'), headSha: sha('4') })
      await store.releaseLine(line.fence)
    },
    () => store.branchPushed(pick(projects).id, `tasks/${1 + Math.floor(next() * 24)}`, sha('8')),
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

  // Deadlocks are resolved by trying again, so only Postgres knows of them; it counts when connections end.
  await db.close()
  const client = new pg.Client({ connectionString: engine.databaseUrl })
  await client.connect()
  const counted = async () => {
    const { rows } = await client.query<{ deadlocks: string; commits: string }>(
      'SELECT deadlocks, xact_commit AS commits FROM pg_stat_database WHERE datname = current_database()',
    )
    return { deadlocks: Number(rows[0]!.deadlocks), commits: Number(rows[0]!.commits) }
  }
  await eventually(async () => expect((await counted()).commits).toBeGreaterThan(scale(1_500)))
  expect(await counted()).toMatchObject({ deadlocks: 0 })
  await client.end()
})
