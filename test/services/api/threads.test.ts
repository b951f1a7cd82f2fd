import { randomUUID } from 'node:crypto'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import type { Engine } from '../../support/engine.ts'
import { claimed, sha, work } from '../../support/runs.ts'
import { answerTurn, claimThread, lineOf, stepWith } from '../../support/threads.ts'
import { startApi, type TestApi } from './support.ts'

let api: TestApi
beforeAll(async () => {
  api = await startApi()
})
afterAll(() => api.close())

/** The runs of tests are made by hand. */
const engine = () => api as unknown as Pick<Engine, 'db' | 'store'> as Engine

async function newProject(settings = {}) {
  const { client } = api.admin
  const project = await client.createProject({ body: { name: 'Threads', settings } })
  const params = { id: project.id }
  const main = { id: project.mainThreadId }
  const say = (text: string, mode?: 'plan' | 'build') =>
    client.postMessage({ params: main, body: { text, ...(mode && { mode }) } })
  const thread = () => client.getThread({ params: main })
  const draft = async (key: string, dependsOn: string[] = []) =>
    (await client.createTasks({ params, body: { tasks: [{ key, title: key, plan: `Do ${key}.`, dependsOn }] } }))
      .items[0]!
  return { client, project, params, main, say, thread, draft }
}

const problem = (code: string, detail?: string) => ({
  problem: { code, ...(detail && { detail: expect.stringContaining(detail) }) },
})

describe('a thread without a task', () => {
  test('says what its agent does, and is no task anywhere', async () => {
    const { client, project, params, main, say, thread } = await newProject()
    expect(await thread()).toMatchObject({ status: 'idle', mode: null, blocked: null, failure: null, taskId: null })
    const message = await say('Build it', 'plan')
    expect(message).toMatchObject({ role: 'user', mode: 'plan', readAt: null, text: 'Build it' })
    expect(await thread()).toMatchObject({ status: 'queued', mode: 'plan', blocked: { reason: 'host' }, taskId: null })
    const before = (await client.opsOverview({})).tasks

    const claim = await claimThread(engine(), main.id)
    expect(await thread()).toMatchObject({ status: 'active', blocked: null })
    expect((await client.opsOverview({})).tasks).toEqual(before)
    const containers = (await client.opsContainers({})).items.filter(({ threadId }) => threadId === main.id)
    expect(containers).toMatchObject([{ taskId: null, epoch: 1 }])
    expect((await client.listTasks({ params })).items).toEqual([])
    for (const path of ['', '/log', '/checks', '/plans', '/pipelines', '/diff']) {
      expect((await api.send('GET', `/api/v1/tasks/${claim.taskId}${path}`)).status).toBe(404)
    }
    for (const path of ['cancel', 'dismiss', 'retry', 'apply', 'accept']) {
      expect((await api.send('POST', `/api/v1/tasks/${claim.taskId}/${path}`)).status).toBe(404)
    }
    const { items } = await client.listThreads({ params })
    expect(items).toMatchObject([{ id: main.id, status: 'active', mode: 'plan' }])

    await answerTurn(api.store, claim)
    expect(await thread()).toMatchObject({ status: 'idle', mode: 'plan', blocked: null })
    const { items: events } = await client.listEvents({ params })
    const turn = events.filter(({ type }) => type.startsWith('turn.'))
    expect(turn.length).toBeGreaterThan(2)
    expect(turn.every(event => event.threadId === main.id && event.taskId === undefined)).toBe(true)
    expect(project.mainThreadId).toBe(main.id)
  })

  test('is stopped, goes on with the next message, and shows why it failed', async () => {
    const { client, main, say, thread } = await newProject()
    await expect(client.stopThread({ params: main })).rejects.toMatchObject(problem('illegal_state', 'Nothing runs'))
    await say('one')
    expect(await client.stopThread({ params: main })).toMatchObject({ id: main.id, status: 'cancelled' })
    await say('two')
    const claim = await claimThread(engine(), main.id)
    await api.store.fail(claim, { code: 'model_refused', message: 'No such model.' })
    expect(await thread()).toMatchObject({
      status: 'failed',
      failure: { code: 'model_refused', message: 'No such model.' },
    })
    await say('three')
    expect(await thread()).toMatchObject({ status: 'queued', failure: null })
  })

  test('waits for an answer, and for its work to become part of main', async () => {
    const { client, main, say, thread } = await newProject()
    await say('one')
    const claim = await claimThread(engine(), main.id)
    await api.store.readMessages(claim)
    await api.store.park(claim, { reason: 'answer', waitingOn: [] })
    expect(await thread()).toMatchObject({ status: 'waiting', blocked: { reason: 'answer' } })
    expect(await say('yes', 'plan')).toMatchObject({ mode: 'build' })
    await answerTurn(api.store, await claimThread(engine(), main.id), sha('2'))
    expect(await thread()).toMatchObject({ status: 'applying' })
    await expect(client.stopThread({ params: main })).rejects.toMatchObject(problem('illegal_state', 'applying'))
  })

  test('keeps its project from being deleted while its agent is at work', async () => {
    const { client, params, main, say } = await newProject()
    await say('one')
    await claimThread(engine(), main.id)
    const refused = problem('illegal_state', 'the agent in the thread “Threads” (active)')
    await expect(client.deleteProject({ params })).rejects.toMatchObject(refused)
    await client.stopThread({ params: main })
    await client.deleteProject({ params })
    expect(await api.db.prisma.task.count({ where: { projectId: params.id } })).toBe(0)
  })
})

describe('a message', () => {
  test('is changed and taken back until it is read', async () => {
    const { client, main, say } = await newProject()
    const { id: messageId } = await say('frist')
    const params = { ...main, messageId }
    expect(await client.editMessage({ params, body: { text: 'first' } })).toMatchObject({
      id: messageId,
      text: 'first',
    })
    const other = await say('second')
    await client.deleteMessage({ params: { ...main, messageId: other.id } })
    const list = async () => (await client.listMessages({ params: main })).items
    expect((await list()).map(({ text }) => text)).toEqual(['first'])
    await api.store.readMessages(await claimThread(engine(), main.id))
    const refused = problem('illegal_state', 'read already')
    await expect(client.editMessage({ params, body: { text: 'x' } })).rejects.toMatchObject(refused)
    await expect(client.deleteMessage({ params })).rejects.toMatchObject(refused)
    expect((await list())[0]).toMatchObject({ text: 'first', readAt: expect.any(String) })
  })

  test('is found only in its own thread and by its own id', async () => {
    const { client, project, main, say } = await newProject()
    const { id: messageId } = await say('one')
    const chat = await client.createThread({ params: { id: project.id }, body: { title: 'Chat' } })
    for (const params of [
      { id: chat.id, messageId },
      { ...main, messageId: randomUUID() },
    ]) {
      await expect(client.deleteMessage({ params })).rejects.toMatchObject(problem('not_found'))
      await expect(client.editMessage({ params, body: { text: 'x' } })).rejects.toMatchObject(problem('not_found'))
    }
    const sent = await api.send('DELETE', `/api/v1/threads/${main.id}/messages/x`)
    expect([sent.status, sent.json.code]).toEqual([400, 'invalid_request'])
  })

  test('to a done task makes a task that follows it, linked in the thread', async () => {
    const { client, params, draft } = await newProject()
    const { id, threadId } = await draft('a')
    await client.acceptTask({ params: { id } })
    await work(api.store)(await claimed(engine(), id))
    await client.applyTask({ params: { id } })
    const fence = await lineOf(api.store, params.id)
    await api.store.applied(fence, (await api.store.nextApply(fence))!, { mergeSha: sha('4'), headSha: sha('4') })
    const thread = { id: threadId }
    const said = await client.postMessage({ params: thread, body: { text: 'Make it red' } })
    expect(said).toMatchObject({ text: 'Make it red', readAt: expect.any(String), mode: null })
    const { items } = await client.listTasks({ params })
    expect(items.map(task => [task.title, task.state, task.followsTaskId])).toEqual([
      ['a', 'done', null],
      ['Follow-up: Make it red', 'queued', id],
    ])
    const link = (await client.listMessages({ params: thread })).items.at(-1)
    expect(link).toMatchObject({
      role: 'system',
      parts: [{ type: 'task', taskId: items[1]!.id, title: items[1]!.title }],
    })
    expect(await client.getThread({ params: thread })).toMatchObject({ taskId: id, status: 'done', mode: null })
  })

  test('to a dismissed task is refused', async () => {
    const { client, draft } = await newProject()
    const { id, threadId } = await draft('a')
    await client.dismissTask({ params: { id } })
    const post = client.postMessage({ params: { id: threadId }, body: { text: 'x' } })
    await expect(post).rejects.toMatchObject(problem('illegal_state', 'dismissed'))
  })
})

describe('a plan', () => {
  test('is shown in all its versions, whoever changed it', async () => {
    const { client, params, main, draft, say } = await newProject()
    const a = await draft('a')
    expect(a).toMatchObject({ planVersion: 1, proposedInThreadId: null, stale: false, staleReason: null })
    await client.updateTask({ params: { id: a.id }, body: { plan: 'Second.' } })
    await client.reviseTasks({ params, body: { instruction: 'Better.' } })
    const claim = await claimThread(engine(), main.id)
    await api.store.readMessages(claim)
    const key = { attempt: 1, iteration: 1, callIndex: 0 }
    const task = { title: 'A', description: '', plan: 'Third.', doneWhen: 'Now.' }
    const tasks = [
      { ...task, key: 'a', dependsOn: ['b'] },
      { ...task, key: 'b', title: 'B' },
    ]
    await api.store.propose(claim, key, { tasks }, () => stepWith(key, 'propose_tasks', 'made'))
    const { items } = await client.listTasks({ params })
    const [, b] = items
    expect(b).toMatchObject({ key: 'b', proposedInThreadId: main.id, planVersion: 1 })
    expect((await client.getPlans({ params: { id: a.id } })).items).toEqual([
      {
        version: 1,
        title: 'a',
        description: '',
        plan: 'Do a.',
        doneWhen: '',
        dependsOn: [],
        current: false,
        replacedBy: 'user',
        replacedAt: expect.any(String),
      },
      {
        version: 2,
        title: 'a',
        description: '',
        plan: 'Second.',
        doneWhen: '',
        dependsOn: [],
        current: false,
        replacedBy: 'agent',
        replacedAt: expect.any(String),
      },
      { version: 3, title: 'A', description: '', plan: 'Third.', doneWhen: 'Now.', dependsOn: [b!.id], current: true },
    ])
    await say('thanks')
  })

  test('is revised by a message in the main thread', async () => {
    const { client, params, main, draft } = await newProject()
    const a = await draft('a')
    const message = await client.reviseTasks({ params, body: { instruction: 'Smaller.', taskIds: [a.id] } })
    expect(message).toMatchObject({
      threadId: main.id,
      mode: 'plan',
      parts: [{ type: 'revise', taskIds: [a.id], instruction: 'Smaller.' }],
    })
    await client.acceptTask({ params: { id: a.id } })
    const refused = problem('illegal_state')
    await expect(client.reviseTasks({ params, body: { instruction: 'x', taskIds: [a.id] } })).rejects.toMatchObject(
      refused,
    )
    await expect(client.reviseTasks({ params, body: { instruction: 'x' } })).rejects.toMatchObject(refused)
  })

  test('of a project that accepts by itself is on its way at once', async () => {
    const { draft } = await newProject({ autoAccept: true })
    expect(await draft('a')).toMatchObject({ state: 'queued', acceptedAt: expect.any(String) })
  })
})
