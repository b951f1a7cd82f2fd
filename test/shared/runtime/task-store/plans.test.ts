import { expect, test } from 'vitest'
import { draft, startEngine } from '../../../support/engine.ts'

async function planned() {
  const engine = await startEngine()
  const { store } = engine
  const project = await engine.project()
  const [a, b] = (await store.createDrafts(project.id, [draft('a'), draft('b', ['a'])])) as [string, string]
  const versions = () => engine.db.prisma.planVersion.findMany({ orderBy: [{ taskId: 'asc' }, { version: 'asc' }] })
  const row = (id: string) => engine.db.prisma.task.findUniqueOrThrow({ where: { id } })
  return { engine, store, project, a, b, versions, row }
}

test('each change of a draft keeps the plan as it was before', async () => {
  const { store, a, b, versions, row } = await planned()
  await store.update(b, { plan: 'second', title: 'B' })
  await store.update(b, { dependsOn: [] })
  await store.update(b, { dependsOn: [a], doneWhen: 'It floats.' })
  const common = { taskId: b, replacedBy: 'user' }
  expect(await versions()).toMatchObject([
    { ...common, version: 1, title: 'b', plan: 'do b', doneWhen: '', dependsOn: [a] },
    { ...common, version: 2, title: 'B', plan: 'second', dependsOn: [a] },
    { ...common, version: 3, title: 'B', plan: 'second', dependsOn: [] },
  ])
  expect(await row(b)).toMatchObject({ planVersion: 4, doneWhen: 'It floats.' })
})

test('what leaves the plan as it is makes no version', async () => {
  const { store, a, b, versions, row } = await planned()
  await store.update(b, { plan: 'do b', dependsOn: [a] })
  await store.update(b, { priority: 5, model: 'runbook:default' })
  expect(await versions()).toEqual([])
  expect(await row(b)).toMatchObject({ planVersion: 1, priority: 5, model: 'runbook:default' })
})

test('a refused change keeps nothing', async () => {
  const { store, a, b, versions } = await planned()
  await expect(store.update(a, { plan: 'other', dependsOn: [b] })).rejects.toMatchObject({ code: 'cycle' })
  expect(await versions()).toEqual([])
})

test('edges of a task that is no draft any more are changed without a version', async () => {
  const { store, project, b, versions, row } = await planned()
  await store.accept(project.id)
  await store.update(b, { dependsOn: [] })
  expect(await versions()).toEqual([])
  expect(await row(b)).toMatchObject({ planVersion: 1, state: 'queued' })
})

test('changes at the same moment make versions one after the other', async () => {
  const { store, a, versions, row } = await planned()
  await Promise.all(Array.from({ length: 8 }, (_, n) => store.update(a, { plan: `plan ${n}` })))
  const kept = await versions()
  expect(kept.map(({ version }) => version)).toEqual([1, 2, 3, 4, 5, 6, 7, 8])
  const plans = [...kept.map(({ plan }) => plan), (await row(a)).plan]
  expect(new Set(plans).size).toBe(9)
})
