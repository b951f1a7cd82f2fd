import { randomUUID } from 'node:crypto'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { v7 as uuid } from 'uuid'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { ROUTES } from '../../../shared/contract/routes.ts'
import type { Task } from '../../../shared/contract/task.ts'
import { CALL, git, startApi, type TestApi, withToken } from './support.ts'

let api: TestApi
beforeAll(async () => {
  api = await startApi()
})
afterAll(() => api.close())

async function projectWith(keys: string[], edges: Record<string, string[]> = {}) {
  const { client } = api.admin
  const project = await client.createProject({ body: { name: 'Reads' } })
  const { items } = await client.createTasks({
    params: { id: project.id },
    body: { tasks: keys.map(key => ({ key, title: `Task ${key}`, plan: 'x', dependsOn: edges[key] ?? [] })) },
  })
  return {
    project,
    tasks: items,
    byKey: Object.fromEntries(items.map(task => [task.key, task])) as Record<string, Task>,
  }
}
const show = (id: string) => api.admin.client.getTask({ params: { id } })
const set = (id: string, data: object) => api.db.prisma.task.update({ where: { id }, data })

/** All items of a list, page by page. */
async function allPages(path: string, limit: number): Promise<{ items: unknown[]; pages: number }> {
  const items: unknown[] = []
  let cursor: string | null = ''
  let pages = 0
  while (cursor !== null) {
    const sent = await api.send('GET', `${path}?limit=${limit}${cursor && `&cursor=${cursor}`}`)
    expect(sent.status, sent.text).toBe(200)
    items.push(...sent.json.items)
    cursor = sent.json.nextCursor
    pages++
  }
  return { items, pages }
}

describe('a task says why it does not run', () => {
  test('drafts say nothing, accepted ones wait for open prerequisites, then for a host', async () => {
    const { byKey, project } = await projectWith(['a', 'b', 'c'], { c: ['b', 'a'] })
    expect((await show(byKey.c!.id)).blocked).toBeNull()
    await api.admin.client.acceptTasks({ params: { id: project.id }, body: {} })
    expect(await show(byKey.c!.id)).toMatchObject({
      dependsOn: [byKey.b!.id, byKey.a!.id],
      blocked: { reason: 'dependency', waitingOn: [byKey.b!.id, byKey.a!.id] },
    })
    expect(await show(byKey.a!.id)).toMatchObject({ dependents: [byKey.c!.id], blocked: { reason: 'host' } })
    await set(byKey.b!.id, { state: 'ready' })
    expect((await show(byKey.c!.id)).blocked).toEqual({ reason: 'dependency', waitingOn: [byKey.a!.id] })
    await set(byKey.a!.id, { state: 'failed', failureCode: 'out_of_steps', failureText: 'No more iterations.' })
    expect((await show(byKey.c!.id)).blocked).toEqual({ reason: 'dependency', waitingOn: [byKey.a!.id] })
    expect((await show(byKey.a!.id)).failure).toEqual({ code: 'out_of_steps', message: 'No more iterations.' })
    await set(byKey.a!.id, { state: 'done' })
    expect((await show(byKey.c!.id)).blocked).toEqual({ reason: 'host', waitingOn: [] })
  })

  test('the places in line go by priority, then age, over all projects of the organization only', async () => {
    const [one, two] = [await projectWith(['a', 'b', 'busy']), await projectWith(['c'])]
    const { prisma } = api.db
    const plans = await prisma.organization.findMany({ select: { id: true, plan: true } })
    await prisma.organization.updateMany({ data: { plan: '1' } })
    await set(one.byKey.busy!.id, { state: 'active' })
    const { client } = api.stranger
    const foreign = await client.createProject({ body: { name: 'Elsewhere' } })
    const theirs = await client.createTasks({
      params: { id: foreign.id },
      body: { tasks: [{ key: 'x', title: 'X', plan: 'x' }] },
    })
    const wait = (id: string, minutes: number, priority = 0) =>
      set(id, { state: 'queued', inLineAt: new Date(), acceptedAt: new Date(Date.now() - minutes * 60_000), priority })
    await wait(one.byKey.a!.id, 1)
    await wait(one.byKey.b!.id, 9)
    await wait(two.byKey.c!.id, 0, 5)
    await wait(theirs.items[0]!.id, 60, 100)
    const places = await Promise.all(
      [two.byKey.c!, one.byKey.b!, one.byKey.a!].map(async task => (await show(task.id)).blocked),
    )
    expect(places).toEqual([1, 2, 3].map(position => ({ reason: 'slot', waitingOn: [], position })))
    // A free slot belongs to the first; nobody has to have been refused one to know that the others wait for theirs.
    await set(one.byKey.busy!.id, { state: 'ready' })
    await set(one.byKey.b!.id, { inLineAt: null, jobNumber: 1n })
    const now = await Promise.all([two.byKey.c!, one.byKey.b!].map(async task => (await show(task.id)).blocked))
    expect(now).toEqual([
      { reason: 'host', waitingOn: [] },
      { reason: 'slot', waitingOn: [], position: 1 },
    ])
    for (const { id, plan } of plans) await prisma.organization.update({ where: { id }, data: { plan } })
    for (const task of [...one.tasks, ...two.tasks, theirs.items[0]!])
      await set(task.id, { state: 'dismissed', inLineAt: null, jobNumber: null })
  })

  test('a parked one says what for, and until when', async () => {
    const { byKey } = await projectWith(['a'])
    const until = '2030-01-01T00:00:00.000Z'
    await set(byKey.a!.id, { state: 'waiting', waitingFor: { reason: 'provider', waitingOn: [], until } })
    expect((await show(byKey.a!.id)).blocked).toEqual({ reason: 'provider', waitingOn: [], until })
  })

  test('one that is being applied says how far, and its place in the line', async () => {
    const { byKey, project } = await projectWith(['a', 'b'])
    for (const key of ['a', 'b']) await set(byKey[key]!.id, { state: 'ready' })
    for (const key of ['b', 'a']) await api.admin.client.applyTask({ params: { id: byKey[key]!.id } })
    await api.db.prisma.apply.updateMany({ where: { taskId: byKey.b!.id }, data: { phase: 'merging' } })
    expect((await show(byKey.b!.id)).apply).toEqual({ phase: 'merging', position: 1 })
    expect((await show(byKey.a!.id)).apply).toEqual({ phase: 'queued', position: 2 })
    const { items } = await api.admin.client.listTasks({ params: { id: project.id }, query: { column: 'ready' } })
    expect(items.map(task => task.state)).toEqual(['applying', 'applying'])
  })

  test('usage, checks and times come as numbers and ISO 8601', async () => {
    const { byKey } = await projectWith(['a'])
    const now = new Date()
    await set(byKey.a!.id, {
      state: 'active',
      inputTokens: 5_000_000_000n,
      costUsd: 1.25,
      checkStatus: 'failed',
      checkFailed: 2,
      activeMs: 4_000n,
      activeSince: new Date(now.getTime() - 60_000),
      epoch: 3n,
      startedAt: now,
    })
    const task = await show(byKey.a!.id)
    expect(task).toMatchObject({
      usage: { inputTokens: 5_000_000_000, outputTokens: 0, costUsd: 1.25 },
      checks: { status: 'failed', failed: 2 },
      epoch: 3,
      startedAt: now.toISOString(),
      blocked: null,
    })
    expect(task.activeMs).toBeGreaterThanOrEqual(64_000)
  })
})

describe('a list', () => {
  test('of tasks can be narrowed down, and shows those of a pipeline only where they are asked for', async () => {
    const { byKey, project } = await projectWith(['a', 'b', 'sub-1', 'sub-2'])
    const pipeline = await api.db.prisma.pipeline.create({ data: { id: uuid(), taskId: byKey.a!.id, ...CALL } })
    for (const key of ['sub-1', 'sub-2']) await set(byKey[key]!.id, { pipelineId: pipeline.id, kind: 'pipeline' })
    await set(byKey.b!.id, { state: 'failed' })
    const keys = async (query: object) =>
      (await api.admin.client.listTasks({ params: { id: project.id }, query })).items.map(task => task.key)
    expect(await keys({})).toEqual(['a', 'b'])
    expect(await keys({ state: 'failed' })).toEqual(['b'])
    expect(await keys({ column: 'active' })).toEqual(['b'])
    expect(await keys({ column: 'active', state: 'draft' })).toEqual([])
    expect(await keys({ pipelineId: pipeline.id })).toEqual(['sub-1', 'sub-2'])
    expect(await keys({ pipelineId: randomUUID() })).toEqual([])
  })

  test('goes over pages without losing or repeating anything', async () => {
    const { byKey, project, tasks } = await projectWith(['a', 'b', 'c', 'd', 'e'])
    const taskId = byKey.a!.id
    const rows = [0, 1, 2].flatMap(attempt => [0, 1].map(iteration => ({ attempt, iteration })))
    await api.db.prisma.step.createMany({
      data: rows.flatMap(row =>
        [0, 1].map(callIndex => ({
          ...row,
          id: uuid(),
          taskId,
          epoch: 1n,
          callIndex,
          tool: 'bash',
          summary: `${row.attempt}.${row.iteration}.${callIndex}`,
          args: {},
          result: 'ok',
          ms: 1,
        })),
      ),
    })
    const sha = (n: number) => n.toString(16).padStart(40, '0')
    await api.db.prisma.checkpoint.createMany({
      data: rows.map((row, n) => ({ ...row, id: uuid(), taskId, epoch: 1n, sha: sha(n) })),
    })
    const store = (sha: string, more: object) =>
      api.db.prisma.check.create({
        data: {
          id: uuid(),
          projectId: project.id,
          command: 'x',
          exitCode: 0,
          output: '',
          ms: 1,
          sha,
          onMain: true,
          ...more,
        },
      })
    // Main's own: the newest of the same command from before the task's last one says what main was like.
    await store(sha(98), {})
    await store(sha(99), { command: 'y' })
    await store(sha(100), {})
    for (let n = 0; n < 4; n++) await store(sha(n), { taskId, onMain: false, passed: 3 })
    await store(sha(101), {})
    const apply = { id: uuid(), projectId: project.id, taskId, groupId: uuid(), phase: 'failed', mergeSha: sha(3) }
    await api.db.prisma.apply.create({ data: apply })

    const log = await allPages(`/api/v1/tasks/${taskId}/log`, 5)
    const summaries = rows.flatMap(row => [0, 1].map(call => `${row.attempt}.${row.iteration}.${call}`))
    expect(log.items.map(step => (step as { summary: string }).summary)).toEqual(summaries)
    expect(log.pages).toBe(3)
    const checkpoints = await allPages(`/api/v1/tasks/${taskId}/checkpoints`, 4)
    expect(checkpoints.items.map(each => (each as { sha: string }).sha)).toEqual(rows.map((_, n) => sha(n)))
    const checks = await allPages(`/api/v1/tasks/${taskId}/checks`, 2)
    expect(checks.items.map(each => (each as { sha: string }).sha)).toEqual([3, 2, 1, 0, 100].map(sha))
    const merged = checks.items.filter(each => (each as { merged: boolean }).merged)
    expect(merged).toMatchObject([{ sha: sha(3), onMain: false }])
    const list = await allPages(`/api/v1/projects/${project.id}/tasks`, 2)
    expect(list.items.map(each => (each as Task).id)).toEqual(tasks.map(task => task.id))
    const projects = await allPages('/api/v1/projects', 2)
    const newest = await api.db.prisma.project.findMany({
      where: { organizationId: api.admin.organizationId },
      orderBy: { createdAt: 'desc' },
    })
    expect(projects.items.map(each => (each as { id: string }).id)).toEqual(newest.map(each => each.id))
    const threads = await allPages(`/api/v1/projects/${project.id}/threads`, 4)
    expect(new Set(threads.items.map(each => (each as { id: string }).id)).size).toBe(6)
  })

  test('of events stops at the limit and goes on after a number', async () => {
    const { project } = await projectWith(['a', 'b', 'c'])
    const ask = (query: object) => api.admin.client.listEvents({ params: { id: project.id }, query })
    expect((await ask({})).items.map(event => event.seq)).toEqual([1, 2, 3, 4])
    expect((await ask({ after: 1, limit: 2 })).items.map(event => event.seq)).toEqual([2, 3])
    expect((await ask({ after: 4 })).items).toEqual([])
  })
})

describe('a thread', () => {
  test('of a task has its state; a message to it wakes it or is kept', async () => {
    const { client } = api.admin
    const { byKey, project } = await projectWith(['a'])
    const params = { id: byKey.a!.threadId }
    expect(await client.getThread({ params })).toMatchObject({ kind: 'task', taskId: byKey.a!.id, status: 'draft' })
    const message = await client.postMessage({ params, body: { text: 'Mind the tests.', mode: 'build' } })
    expect(message).toMatchObject({ seq: 1, role: 'user', text: 'Mind the tests.', parts: [], readAt: null })
    const main = { id: project.mainThreadId }
    for (let n = 1; n <= 3; n++) await client.postMessage({ params: main, body: { text: `Message ${n}` } })
    const page = await client.listMessages({ params: main, query: { limit: 2 } })
    expect(page.items.map(each => each.text)).toEqual(['Message 1', 'Message 2'])
    for (const name of ['after', 'cursor']) {
      const rest = await client.listMessages({ params: main, query: { [name]: Number(page.nextCursor) } })
      expect([rest.items.map(each => each.text), rest.nextCursor]).toEqual([['Message 3'], null])
    }
  })

  test('of its own can be opened', async () => {
    const { project } = await projectWith([]).catch(async () => ({
      project: await api.admin.client.createProject({ body: { name: 'Threads' } }),
    }))
    const thread = await api.admin.client.createThread({ params: { id: project.id }, body: { title: 'Ideas' } })
    expect(thread).toMatchObject({ kind: 'chat', title: 'Ideas', status: 'idle', taskId: null, projectId: project.id })
    const { items } = await api.admin.client.listThreads({ params: { id: project.id } })
    expect(items[0]).toEqual(thread)
  })
})

describe('a diff', () => {
  test('is given as JSON and as a patch that git takes', async () => {
    const { byKey, project } = await projectWith(['a'])
    const { baseSha, headSha } = await commitFile(project.id)
    await set(byKey.a!.id, { state: 'ready', baseSha, headSha })
    const path = `/api/v1/tasks/${byKey.a!.id}/diff`
    const diff = await api.admin.client.getDiff({ params: { id: byKey.a!.id } })
    expect(diff).toMatchObject({ baseSha, headSha, files: [{ path: 'hello.txt', status: 'added', additions: 1 }] })
    for (const sent of [
      await api.send('GET', `${path}?format=patch`),
      await api.send('GET', path, { headers: { accept: 'text/plain' } }),
    ]) {
      expect(sent.headers.get('content-type')).toContain('text/plain')
      expect(sent.text).toMatch(/^diff --git a\/hello.txt b\/hello.txt/m)
    }
    await set(byKey.a!.id, { headSha: null })
    expect((await api.send('GET', path)).json).toMatchObject({ headSha: baseSha, files: [] })
    await set(byKey.a!.id, { headSha: 'f'.repeat(40) })
    expect((await api.send('GET', path)).json.code).toBe('not_found')
  })

  /** A commit on main's head that adds a file, made in a clone and pushed to a branch. */
  async function commitFile(projectId: string): Promise<{ baseSha: string; headSha: string }> {
    const project = await api.admin.client.getProject({ params: { id: projectId } })
    const folder = await mkdtemp(join(tmpdir(), 'slipway-diff-'))
    await git('clone', '--quiet', withToken(project.cloneUrl, api.admin.token), folder)
    await writeFile(join(folder, 'hello.txt'), 'hello\n')
    await git('-C', folder, 'add', '.')
    await git('-C', folder, 'commit', '--quiet', '-m', 'Hello')
    await git('-C', folder, 'push', '--quiet', 'origin', 'HEAD:refs/heads/mine')
    const headSha = await git('-C', folder, 'rev-parse', 'HEAD')
    await rm(folder, { recursive: true })
    return { baseSha: project.headSha, headSha }
  }
})

test('a pipeline is given as JSON and as its picture', async () => {
  const { byKey } = await projectWith(['parent', 'refactor auth', 'update docs', 'write tests'], {
    'write tests': ['refactor auth'],
  })
  const pipeline = await api.db.prisma.pipeline.create({ data: { id: uuid(), taskId: byKey.parent!.id, ...CALL } })
  const states = { 'refactor auth': 'done', 'update docs': 'done', 'write tests': 'active' }
  for (const [key, state] of Object.entries(states))
    await set(byKey[key]!.id, { state, pipelineId: pipeline.id, kind: 'pipeline' })
  const path = `/api/v1/pipelines/${pipeline.id}`
  const text = (query = '') => api.send('GET', path + query, { headers: { accept: 'text/plain' } })
  const picture = '⚡ Pipeline\n[✓ refactor auth] ──▶ [● write tests]\n[✓ update docs]'
  expect((await text()).text).toBe(`${picture}\n`)
  expect((await text('?ascii=1')).text).toBe('Pipeline\n[+ refactor auth] --> [* write tests]\n[+ update docs]\n')
  expect((await text('?view=list')).text).toContain('⚡ Pipeline (3 tasks)')
  const ascii = await api.admin.client.getPipeline({ params: { id: pipeline.id }, query: { ascii: '1' } })
  expect(ascii.view).toMatch(/^Pipeline\n\[\+ refactor auth\]/)
  const json = await api.admin.client.getPipeline({ params: { id: pipeline.id } })
  expect(json).toMatchObject({ id: pipeline.id, taskId: byKey.parent!.id, state: 'running', view: picture })
  expect(json.tasks.map(task => task.key)).toEqual(['refactor auth', 'update docs', 'write tests'])
  const { items } = await api.admin.client.listPipelines({ params: { id: byKey.parent!.id } })
  expect(items).toEqual([json])
})

describe('the ops pages', () => {
  test('show workers, runs and counts, and of tasks only the own organization’s', async () => {
    const { client } = api.admin
    const { byKey } = await projectWith(['a'])
    const taskId = byKey.a!.id
    await set(taskId, { state: 'active', epoch: 2n, leaseOwner: 'w-1' })
    const run = { id: uuid(), taskId, epoch: 2n, attempt: 1, worker: 'w-1' }
    await api.db.prisma.run.create({ data: run })
    await api.db.prisma.run.create({ data: { ...run, id: uuid(), epoch: 1n, endedAt: new Date(), outcome: 'lost' } })
    const worker = { instance: randomUUID(), concurrency: 10, version: '0' }
    await api.db.prisma.worker.create({ data: { ...worker, name: 'w-1' } })
    await api.db.prisma.worker.create({ data: { ...worker, name: 'w-2', seenAt: new Date(Date.now() - 60_000) } })

    const containers = await client.opsContainers({})
    expect(containers.items).toMatchObject([{ id: run.id, taskId, epoch: 2, worker: 'w-1' }])
    const { items } = await client.opsWorkers({})
    expect(items).toMatchObject([
      { name: 'w-1', running: 1, alive: true, concurrency: 10 },
      { name: 'w-2', running: 0, alive: false },
    ])
    const overview = await client.opsOverview({})
    expect(overview).toMatchObject({ limit: 10, plan: 'pro', database: true, redis: true })
    expect(overview.active).toBe(overview.tasks.active)
    expect(overview.tasks.active).toBeGreaterThan(0)
    expect((await client.opsQueues({})).items.map(queue => queue.name)).toEqual(['tasks', 'gates', 'applies'])
    const others = await api.stranger.client.opsOverview({})
    expect(others.tasks.active).toBe(0)
    expect((await api.stranger.client.opsContainers({})).items).toEqual([])
  })
})

describe('the documents', () => {
  // biome-ignore lint/suspicious/noExplicitAny: walks a document of any shape
  let document: any
  beforeAll(async () => {
    document = (await api.send('GET', '/openapi.json', { token: null })).json
  })

  test('OpenAPI describes every route of the table with its parameters and refusals', () => {
    expect(document.openapi).toBe('3.1.0')
    const operations = Object.entries(ROUTES).map(([name, route]) => {
      const path = `/api/v1${route.path.replace(/:(\w+)/g, '{$1}')}`
      const operation = document.paths[path]?.[route.method]
      expect(operation?.operationId, path).toBe(name)
      const parameters = (operation.parameters ?? []).map(
        (each: { in: string; name: string }) => `${each.in} ${each.name}`,
      )
      for (const [, parameter] of route.path.matchAll(/:(\w+)/g)) expect(parameters).toContain(`path ${parameter}`)
      if (route.method === 'post' && route.access !== 'none') expect(parameters).toContain('header Idempotency-Key')
      expect(Object.keys(operation.responses)).toEqual(
        expect.arrayContaining([String(route.status), '400', '401', '429', '503']),
      )
      expect(operation.responses['400'].content).toHaveProperty(['application/problem+json'])
      return operation.operationId
    })
    expect(new Set(operations).size).toBe(Object.keys(ROUTES).length)
  })

  test('every reference in it leads somewhere', () => {
    const references = [...JSON.stringify(document).matchAll(/"\$ref":"#\/([^"]+)"/g)].map(match => match[1]!)
    expect(references.length).toBeGreaterThan(20)
    for (const reference of references) {
      const target = reference.split('/').reduce((at, key) => at?.[key], document)
      expect(target, reference).toBeDefined()
    }
  })

  test('the docs page needs nothing from elsewhere', async () => {
    const page = await api.send('GET', '/docs/', { token: null })
    const script = await api.send('GET', '/docs/swagger-ui-init.js', { token: null })
    for (const { status, text } of [page, script]) {
      expect(status).toBe(200)
      expect(text.match(/(src|href|url)\s*[=:]\s*["']https?:/g)).toBeNull()
    }
    expect(script.text).toContain('"/openapi.json"')
    for (const [, file] of page.text.matchAll(/(?:src|href)="\.\/([^"]+)"/g)) {
      expect((await api.send('GET', `/docs/${file}`, { token: null })).status, file).toBe(200)
    }
  })

  test('metrics count what there is', async () => {
    const { text, headers } = await api.send('GET', '/metrics', { token: null })
    expect(headers.get('content-type')).toContain('text/plain')
    expect(text).toMatch(/^slipway_tasks\{state="active"\} [1-9]/m)
    expect(text).toMatch(/^slipway_outbox_rows \d+$/m)
    expect(text).toMatch(/^slipway_fenced_writes 0$/m)
    expect(text).toMatch(
      /slipway_http_request_duration_seconds_count\{method="GET",route="\/api\/v1\/tasks\/:id",status="200"\}/,
    )
    expect(text).toMatch(/^process_cpu_seconds_total /m)
  })
})
