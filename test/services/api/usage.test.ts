import { v7 as uuid } from 'uuid'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import type { Task } from '../../../shared/contract/task.ts'
import { LIMITS } from '../../../shared/domain/limits.ts'
import { createPriceList } from '../../../shared/runtime/prices.ts'
import { CALL, startApi, type TestApi } from './support.ts'

let api: TestApi
beforeAll(async () => {
  api = await startApi()
})
afterAll(() => api.close())

const price = { input: 1, cachedInput: 0.1, cacheWrite: 1.25, output: 5 }

describe('prices', () => {
  const patch = (prices: Record<string, unknown>) => api.send('PATCH', '/api/v1/prices', { body: { prices } })
  const list = () => api.admin.client.getPrices({})

  test('an entry is set, changed and taken away, and leaves the others alone', async () => {
    expect((await list()).prices).toEqual({})
    await patch({ 'openai-compatible:qwen3:8b': price, 'anthropic:*': { input: 3, output: 4 } })
    const long = { above: 100_000, input: 2, output: 10 }
    expect((await patch({ 'anthropic:*': { input: 1, output: 2, long } })).json.prices).toEqual({
      'anthropic:*': { input: 1, output: 2, long },
      'openai-compatible:qwen3:8b': price,
    })
    await patch({ 'anthropic:*': null, 'nobody:knows': null })
    expect((await list()).prices).toEqual({ 'openai-compatible:qwen3:8b': price })
    await patch({ 'openai-compatible:qwen3:8b': null })
    expect((await list()).prices).toEqual({})
  })

  test('everybody sees them, with the defaults; only administrators change them', async () => {
    const seen = await api.member.client.getPrices({})
    expect(seen.defaults['anthropic:claude-sonnet-5-5*']).toMatchObject({ input: 2, output: 10 })
    const sent = await api.send('PATCH', '/api/v1/prices', {
      token: api.member.token,
      body: { prices: { 'openai:gpt': price } },
    })
    expect([sent.status, sent.json.code]).toEqual([403, 'forbidden'])
    expect((await list()).prices).toEqual({})
  })

  test('changes at the same moment all count', async () => {
    const names = Array.from({ length: 12 }, (_, n) => `openai-compatible:m${n}`)
    await Promise.all(names.map(name => patch({ [name]: price })))
    expect(Object.keys((await list()).prices).sort()).toEqual(names.sort())
    await patch(Object.fromEntries(names.map(name => [name, null])))
  })

  test('the list does not grow beyond its limit', async () => {
    const many = (from: string, count: number) =>
      Object.fromEntries(Array.from({ length: count }, (_, n) => [`openai:${from}${n}`, price]))
    await patch(many('a', LIMITS.money.ownPrices - 1))
    const sent = await patch(many('b', 2))
    expect([sent.status, sent.json.code]).toEqual([422, 'limit_exceeded'])
    expect(Object.keys((await list()).prices)).toHaveLength(LIMITS.money.ownPrices - 1)
    await api.db.prisma.installation.delete({ where: { key: 'prices' } })
  })

  test('a worker reads them now and then, and keeps what it read meanwhile', async () => {
    let now = 0
    const prices = createPriceList({ db: api.db, now: () => now })
    expect(await prices.of('openai-compatible:mine')).toMatchObject({ input: 0, output: 0 })
    await patch({ 'openai-compatible:mine': price })
    now += LIMITS.money.pricesMs
    expect(await prices.of('openai-compatible:mine')).toMatchObject({ input: 0 })
    now += 1
    expect(await prices.of('openai-compatible:mine')).toEqual(price)
    expect(await prices.of('anthropic:claude-sonnet-5-5')).toMatchObject({ input: 2 })
    await patch({ 'openai-compatible:mine': null })
  })
})

/** A task with a sub-agent of a pipeline, another task, and a thread in which something was said, each with replies. */
async function used() {
  const { client } = api.admin
  const { id: projectId, mainThreadId } = await client.createProject({ body: { name: 'Usage' } })
  const params = { id: projectId }
  const tasks = ['Parent', 'Child', 'Other'].map(title => ({ key: title, title, plan: 'x' }))
  const [parent, child, other] = (await client.createTasks({ params, body: { tasks } })).items as [Task, Task, Task]
  const pipeline = await api.db.prisma.pipeline.create({ data: { id: uuid(), taskId: parent.id, ...CALL } })
  await api.db.prisma.task.update({
    where: { id: child.id },
    data: { kind: 'pipeline', number: null, parentTaskId: parent.id, pipelineId: pipeline.id },
  })
  await client.postMessage({ params: { id: mainThreadId }, body: { text: 'What next?', mode: 'plan' } })
  const turn = await api.db.prisma.task.findUniqueOrThrow({ where: { threadId: mainThreadId } })
  const call = async (taskId: string, at: string, costUsd: number, model = 'openai:gpt-5.6') => {
    const { pipelineId } = await api.db.prisma.task.findUniqueOrThrow({ where: { id: taskId } })
    const tokens = { inputTokens: 1_000, outputTokens: 100 }
    await api.db.prisma.modelCall.create({
      data: { id: uuid(), projectId, taskId, pipelineId, model, purpose: 'reply', costUsd, at, ...tokens },
    })
    const increment = {
      inputTokens: { increment: 1_000 },
      outputTokens: { increment: 100 },
      costUsd: { increment: costUsd },
    }
    await api.db.prisma.task.update({ where: { id: taskId }, data: increment })
  }
  await call(parent.id, '2026-11-19T23:59:59.999Z', 0.1)
  await call(child.id, '2026-11-20T00:00:00.000Z', 0.2)
  await call(child.id, '2026-11-20T23:59:59.999Z', 0.000001, 'anthropic:claude-haiku-5-5')
  await call(other.id, '2026-11-21T12:00:00.000Z', 0.05)
  await call(turn.id, '2026-11-21T12:00:00.000Z', 3)
  return { projectId, mainThreadId, parent, child, other, pipelineId: pipeline.id }
}

describe('usage', () => {
  test('by day, task, pipeline and model, each line with its share of the total', async () => {
    const { projectId, mainThreadId, parent, other, pipelineId } = await used()
    const usage = (by: 'day' | 'task' | 'pipeline' | 'model') =>
      api.member.client.projectUsage({ params: { id: projectId }, query: { by } })
    const lines = async (by: Parameters<typeof usage>[0]) =>
      (await usage(by)).items.map(({ key, label, calls, costUsd }) => [key, label, calls, costUsd])
    expect(await lines('day')).toEqual([
      ['2026-11-21', '2026-11-21', 2, 3.05],
      ['2026-11-20', '2026-11-20', 2, 0.200001],
      ['2026-11-19', '2026-11-19', 1, 0.1],
    ])
    expect(await lines('task')).toEqual([
      [mainThreadId, expect.any(String), 1, 3],
      [parent.id, '#1 Parent', 3, 0.300001],
      [other.id, '#3 Other', 1, 0.05],
    ])
    expect(await lines('pipeline')).toEqual([[pipelineId, 'Parent', 2, 0.200001]])
    expect(await lines('model')).toEqual([
      ['openai:gpt-5.6', 'openai:gpt-5.6', 4, 3.35],
      ['anthropic:claude-haiku-5-5', 'anthropic:claude-haiku-5-5', 1, 0.000001],
    ])
    const total = { calls: 5, inputTokens: 5_000, outputTokens: 500, costUsd: 3.350001 }
    for (const by of ['day', 'task', 'model'] as const) expect((await usage(by)).total).toEqual(total)
    expect((await usage('pipeline')).total).toMatchObject({ calls: 2, costUsd: 0.200001 })
  })

  test('of a span of days, both included, in UTC', async () => {
    const { projectId } = await used()
    const days = async (query: { from?: string; to?: string }) =>
      (await api.admin.client.projectUsage({ params: { id: projectId }, query })).items.map(({ key }) => key)
    expect(await days({ from: '2026-11-20', to: '2026-11-20' })).toEqual(['2026-11-20'])
    expect(await days({ from: '2026-11-20' })).toEqual(['2026-11-21', '2026-11-20'])
    expect(await days({ to: '2026-11-19' })).toEqual(['2026-11-19'])
    expect(await days({ from: '2027-01-01' })).toEqual([])
  })

  test('of a project that used nothing is nothing', async () => {
    const { id } = await api.admin.client.createProject({ body: { name: 'Idle' } })
    expect(await api.admin.client.projectUsage({ params: { id } })).toEqual({
      items: [],
      total: { calls: 0, inputTokens: 0, outputTokens: 0, costUsd: 0 },
    })
  })

  test('of a task is its own, and with its sub-agents', async () => {
    const { parent, child, other } = await used()
    const show = (id: string) => api.admin.client.getTask({ params: { id } })
    expect(await show(parent.id)).toMatchObject({
      usage: { inputTokens: 1_000, outputTokens: 100, costUsd: 0.1 },
      usageTotal: { inputTokens: 3_000, outputTokens: 300, costUsd: 0.300001 },
    })
    for (const id of [child.id, other.id]) {
      const { usage, usageTotal } = await show(id)
      expect(usageTotal).toEqual(usage)
    }
  })
})

describe('budgets', () => {
  test('are set with a draft, changed and removed, and told', async () => {
    const { client } = api.admin
    const params = { id: (await client.createProject({ body: { name: 'Budgets' } })).id }
    const tasks = [
      { key: 'a', title: 'A', plan: 'x', budgetUsd: 2.5 },
      { key: 'b', title: 'B', plan: 'x' },
    ]
    const [a, b] = (await client.createTasks({ params, body: { tasks } })).items as [Task, Task]
    expect([a.budgetUsd, b.budgetUsd]).toEqual([2.5, null])
    const set = (budgetUsd: number | null) => client.updateTask({ params: { id: a.id }, body: { budgetUsd } })
    expect((await set(0.000001)).budgetUsd).toBe(0.000001)
    expect((await set(12.345678)).budgetUsd).toBe(12.345678)
    expect((await set(null)).budgetUsd).toBeNull()
    const sent = await api.send('PATCH', `/api/v1/tasks/${a.id}`, { body: { budgetUsd: 0.0000001 } })
    expect(sent.json.code).toBe('invalid_request')
    await client.acceptTasks({ params, body: {} })
    const job = () => api.db.prisma.task.findUniqueOrThrow({ where: { id: a.id }, select: { jobNumber: true } })
    const before = await job()
    expect((await set(1)).state).toBe('queued')
    expect(await job()).toEqual(before)
  })

  test("raising or removing the project's wakes those who wait for it, with the change", async () => {
    const { client } = api.admin
    const params = { id: (await client.createProject({ body: { name: 'Raise' } })).id }
    const tasks = ['a', 'b', 'c'].map(key => ({ key, title: key, plan: 'x' }))
    const ids = (await client.createTasks({ params, body: { tasks } })).items.map(({ id }) => id)
    const wait = (id: string, waitingFor: object) =>
      api.db.prisma.task.update({ where: { id }, data: { state: 'waiting', attempt: 1, waitingFor } })
    const park = async () => {
      await wait(ids[0]!, { reason: 'budget', waitingOn: [], budget: 'project' })
      await wait(ids[1]!, { reason: 'budget', waitingOn: [], budget: 'task' })
      await wait(ids[2]!, { reason: 'answer', waitingOn: [] })
    }
    const states = async () => (await client.listTasks({ params })).items.map(({ state }) => state)
    const setBudget = (budgetUsd: number | null) => client.updateProject({ params, body: { settings: { budgetUsd } } })
    await park()
    await setBudget(5)
    await setBudget(4)
    expect(await states()).toEqual(['waiting', 'waiting', 'waiting'])
    expect(await client.getTask({ params: { id: ids[0]! } })).toMatchObject({
      blocked: { reason: 'budget', waitingOn: [] },
    })
    for (const budgetUsd of [4.5, null]) {
      await park()
      await setBudget(budgetUsd)
      expect(await states()).toEqual(['queued', 'waiting', 'waiting'])
      await api.db.prisma.task.update({ where: { id: ids[0]! }, data: { state: 'waiting' } })
    }
  })
})

test('a task whose runs broke says when it is tried again', async () => {
  const { client } = api.admin
  const params = { id: (await client.createProject({ body: { name: 'Rest' } })).id }
  const { items } = await client.createTasks({ params, body: { tasks: [{ key: 'a', title: 'A', plan: 'x' }] } })
  const dueAt = new Date(Date.now() + 60_000)
  await api.db.prisma.task.update({ where: { id: items[0]!.id }, data: { state: 'queued', dueAt, brokenRuns: 3 } })
  expect((await client.getTask({ params: { id: items[0]!.id } })).blocked).toEqual({
    reason: 'host',
    waitingOn: [],
    until: dueAt.toISOString(),
  })
})
