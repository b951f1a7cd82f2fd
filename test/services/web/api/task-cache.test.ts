import { QueryClient } from '@tanstack/react-query'
import { expect, test } from 'vitest'
import { keys } from '../../../../services/web/src/api/keys.ts'
import { cachedTask, inState, patchTask } from '../../../../services/web/src/api/task-cache.ts'
import { task } from '../support.ts'

test('a task changes on its board and on its own page, and nowhere else', () => {
  const client = new QueryClient()
  const others = [task(9)]
  client.setQueryData(keys.tasks('p'), [task(1), task(2)])
  client.setQueryData(keys.tasks('q'), others)
  client.setQueryData(keys.task('1'), task(1))
  patchTask(client, '1', one => inState(one, 'queued'))
  expect(client.getQueryData(keys.tasks('p'))).toMatchObject([
    { state: 'queued', column: 'active' },
    { state: 'draft' },
  ])
  expect(client.getQueryData(keys.task('1'))).toMatchObject({ state: 'queued' })
  expect(client.getQueryData(keys.tasks('q'))).toBe(others)
})

test('a task that is nowhere is not made up', () => {
  const client = new QueryClient()
  patchTask(client, '1', one => inState(one, 'queued'))
  expect(cachedTask(client, '1')).toBeUndefined()
})

test('a move takes away what belonged to the state before', () => {
  const queued = task(1, { state: 'queued', blocked: { reason: 'slot', waitingOn: [], position: 1 } })
  expect(inState(queued, 'active')).toMatchObject({ state: 'active', blocked: null })
  const failed = task(1, { state: 'failed', failure: { code: 'x', message: 'y' } })
  expect(inState(failed, 'queued').failure).toBeNull()
  expect(inState(task(1, { state: 'ready' }), 'applying').apply).toEqual({ phase: 'queued', position: 1 })
})

test('a task that is there already stays as it is', () => {
  const active = task(1, { state: 'active', activeMs: 500 })
  expect(inState(active, 'active')).toBe(active)
})

test('a sub-agent moves in the pictures of its pipeline', () => {
  const queryClient = new QueryClient()
  const pipeline = { id: 'pl', taskId: '9', state: 'running' as const, tasks: [task(1), task(2)] }
  queryClient.setQueryData(keys.pipelines('9'), [pipeline])
  queryClient.setQueryData(keys.pipeline('pl'), pipeline)
  patchTask(queryClient, '2', one => inState(one, 'active'))
  const [inList] = queryClient.getQueryData<(typeof pipeline)[]>(keys.pipelines('9'))!
  const alone = queryClient.getQueryData<typeof pipeline>(keys.pipeline('pl'))!
  expect([inList!, alone].map(({ tasks }) => tasks.map(({ state }) => state))).toEqual([
    ['draft', 'active'],
    ['draft', 'active'],
  ])
})
