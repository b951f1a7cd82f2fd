import { expect, test } from 'vitest'
import { lockTasks } from '../../../../shared/runtime/task-store/lock.ts'
import { draft, startEngine, succeed } from '../../../support/engine.ts'
import { eventually } from '../../../support/eventually.ts'

test('locked tasks are read as the client reads them, in the order of their ids, unknown ones left out', async () => {
  const engine = await startEngine()
  const { store, db } = engine
  const project = await engine.project()
  await engine.startWorker(succeed(store))
  const ids = await store.createDrafts(project.id, [draft('a'), draft('b', ['a']), draft('c', [], { priority: 3 })])
  await store.accept(project.id, ids.slice(0, 2))
  await eventually(async () => {
    const { state } = await db.prisma.task.findUniqueOrThrow({ where: { id: ids[1]! } })
    expect(state).toBe('ready')
  })
  await db.prisma.task.update({
    where: { id: ids[0]! },
    data: { waitingFor: { reason: 'answer', waitingOn: [] }, costUsd: '1.25', inputTokens: 12n },
  })
  const unknown = '01900000-0000-7000-8000-000000000000'
  const { tasks, now } = await db.transaction(sql => lockTasks(sql, [...ids.toReversed(), unknown]))
  expect(tasks).toEqual(await db.prisma.task.findMany({ orderBy: { id: 'asc' } }))
  expect(tasks[0]!.costUsd.toString()).toBe('1.25')
  expect(Math.abs(now.getTime() - Date.now())).toBeLessThan(60_000)
})

test('to lock nothing gives the time alone', async () => {
  const { db } = await startEngine()
  const { tasks, now } = await db.transaction(sql => lockTasks(sql, []))
  expect(tasks).toEqual([])
  expect(now).toBeInstanceOf(Date)
})
