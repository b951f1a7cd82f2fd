import { expect, test } from 'vitest'
import { draft, startEngine, succeed } from '../../../support/engine.ts'
import { eventually } from '../../../support/eventually.ts'

test('a diamond runs in order, each task after both of its prerequisites', async () => {
  const engine = await startEngine()
  const { store, db } = engine
  const project = await engine.project()
  await engine.startWorker(succeed(store))
  const ids = await store.createDrafts(project.id, [
    draft('a'),
    draft('b', ['a']),
    draft('c', ['a']),
    draft('d', ['b', 'c']),
  ])
  await store.accept(project.id)
  await eventually(async () => {
    const tasks = await db.prisma.task.findMany({ where: { id: { in: ids } } })
    expect(tasks.map(task => task.state)).toEqual(['ready', 'ready', 'ready', 'ready'])
  })
  const events = await db.prisma.event.findMany({ where: { projectId: project.id }, orderBy: { seq: 'asc' } })
  const at = (type: string, key: number) => events.findIndex(event => event.type === type && event.taskId === ids[key])
  expect(at('task.active', 3)).toBeGreaterThan(at('task.ready', 1))
  expect(at('task.active', 3)).toBeGreaterThan(at('task.ready', 2))
  expect(events.map(event => Number(event.seq))).toEqual(events.map((_, index) => index + 1))
})
