import { afterAll, beforeAll, expect, test } from 'vitest'
import { golden, PICTURES } from '../../support/pictures.ts'
import { firstCall, type Shape, SIX, tasksOf } from '../../support/pipelines.ts'
import { sha } from '../../support/runs.ts'
import { startApi, type TestApi } from './support.ts'

let api: TestApi
beforeAll(async () => {
  api = await startApi()
})
afterAll(() => api.close())

/** A task that has started a pipeline, as its worker does it, without a queue. */
async function started(shape: Shape) {
  const { client } = api.admin
  const { store, db } = api
  const project = await client.createProject({ body: { name: 'Pipelines' } })
  const { items } = await client.createTasks({
    params: { id: project.id },
    body: { tasks: [{ key: 'parent', title: 'Parent', plan: 'x' }] },
  })
  const { id, threadId } = items[0]!
  await client.acceptTask({ params: { id } })
  const claimed = async (taskId: string) => {
    const { jobNumber } = await db.prisma.task.findUniqueOrThrow({ where: { id: taskId } })
    const result = await store.claim(taskId, jobNumber!, 'w')
    if (result.kind !== 'claimed') throw new Error(JSON.stringify(result))
    return result.claim
  }
  const claim = await claimed(id)
  await store.startPipeline(claim, firstCall(claim), { tasks: tasksOf(shape), baseSha: sha('3') })
  const { id: pipelineId, tasks } = (await store.pipelineOf(id, firstCall(claim)))!
  const children = new Map(tasks.map(({ name, id }) => [name, id]))
  return { project, id, threadId, pipelineId, children, claimOf: (name: string) => claimed(children.get(name)!) }
}

test('a pipeline says where each task stands in a drawing, what it used, and when it ended', async () => {
  const { client } = api.admin
  const { id, threadId, pipelineId, children, claimOf } = await started({ a: [], b: ['a'], c: ['a'], d: ['b', 'c'] })
  const at = (name: string) => children.get(name)!
  const params = { id: pipelineId }
  const running = await client.getPipeline({ params })
  expect(running).toMatchObject({
    taskId: id,
    threadId,
    kind: 'parallel',
    state: 'running',
    layers: [[at('a')], [at('b'), at('c')], [at('d')]],
    edges: [
      { from: at('a'), to: at('b') },
      { from: at('a'), to: at('c') },
      { from: at('b'), to: at('d') },
      { from: at('c'), to: at('d') },
    ],
    usage: { inputTokens: 0, outputTokens: 0, costUsd: 0 },
    finishedAt: null,
  })
  expect(running.nodes.map(({ name, state, layer, index, x, y }) => [name, state, layer, index, x, y])).toEqual([
    ['a', 'queued', 0, 0, 0, 0.5],
    ['b', 'queued', 1, 0, 1, 0],
    ['c', 'queued', 1, 1, 1, 1],
    ['d', 'queued', 2, 0, 2, 0.5],
  ])
  const claim = await claimOf('a')
  const usage = { inputTokens: 40, outputTokens: 2 }
  await api.store.storeReply(claim, 1, { text: 'No.', calls: [], usage, failure: { message: 'It broke.' } }, 0.25)
  const ended = await client.getPipeline({ params })
  expect(ended).toMatchObject({ state: 'failed', usage: { ...usage, costUsd: 0.25 } })
  expect(Date.parse(ended.finishedAt!)).toBeGreaterThan(Date.parse(ended.createdAt))
  expect(ended.view).toBe(
    '⚡ Pipeline (4 tasks)\n  ✗ a (0s)\n  ⊘ b (skipped)\n  ⊘ c (skipped) ← a\n  ⊘ d (skipped) ← b, c',
  )
  expect((await client.listPipelines({ params: { id } })).items).toEqual([ended])
  expect((await client.listThreadPipelines({ params: { id: threadId } })).items).toEqual([ended])
})

test('its picture is there at every moment, in ASCII too', async () => {
  const { pipelineId, children } = await started(SIX)
  const text = async (query = '') =>
    (await api.send('GET', `/api/v1/pipelines/${pipelineId}${query}`, { headers: { accept: 'text/plain' } })).text
  const states = PICTURES['six running']!.tasks
  for (const { name, state, seconds } of states) {
    await api.db.prisma.task.update({
      where: { id: children.get(name)! },
      data: { state, activeMs: (seconds ?? 0) * 1_000 },
    })
  }
  expect(await text()).toBe(`${golden('six running')}\n`)
  expect(await text('?ascii=1')).toBe(`${golden('six running ascii')}\n`)
  expect(await text('?view=chains')).toBe(`${golden('six running chains')}\n`)
})

test('the call of one sub-agent is told from a pipeline, and one in a thread without a task from that of a task', async () => {
  const { client } = api.admin
  const { id, threadId, pipelineId, children } = await started({ only: [] })
  expect(await client.getPipeline({ params: { id: pipelineId } })).toMatchObject({ kind: 'task', taskId: id })
  await api.db.prisma.task.update({ where: { id }, data: { kind: 'turn', number: null } })
  expect(await client.getPipeline({ params: { id: pipelineId } })).toMatchObject({ taskId: null, threadId })
  expect((await client.listThreadPipelines({ params: { id: threadId } })).items).toMatchObject([{ id: pipelineId }])
  expect((await api.send('GET', `/api/v1/tasks/${id}/pipelines`)).status).toBe(404)
  expect((await client.getTask({ params: { id: children.get('only')! } })).pipelineId).toBe(pipelineId)
})

test('the tasks of a pipeline are listed page by page, and move only as their task decides', async () => {
  const { project, pipelineId, children } = await started(SIX)
  const seen: string[] = []
  let cursor: string | undefined
  do {
    const page = await api.admin.client.listTasks({
      params: { id: project.id },
      query: { pipelineId, limit: 4, ...(cursor && { cursor }) },
    })
    seen.push(...page.items.map(({ id }) => id))
    cursor = page.nextCursor ?? undefined
  } while (cursor)
  expect(seen).toEqual([...children.values()])
  const id = children.get('a')!
  for (const move of ['accept', 'dismiss', 'retry', 'apply']) {
    const refused = await api.send('POST', `/api/v1/tasks/${id}/${move}`)
    expect([refused.status, refused.json.code]).toEqual([409, 'illegal_state'])
    expect(refused.json.detail).toMatch(/belongs to a pipeline/)
  }
  expect((await api.send('POST', `/api/v1/tasks/${id}/cancel`)).json).toMatchObject({ state: 'cancelled' })
  expect((await api.admin.client.getPipeline({ params: { id: pipelineId } })).state).toBe('cancelled')
})

test('another organization sees nothing of it', async () => {
  const { threadId, pipelineId } = await started({ a: [], b: [] })
  for (const path of [`/api/v1/pipelines/${pipelineId}`, `/api/v1/threads/${threadId}/pipelines`]) {
    expect((await api.send('GET', path, { token: api.stranger.token })).status).toBe(404)
  }
})
