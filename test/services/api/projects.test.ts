import { mkdtemp, readdir, rm, utimes, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { v7 as uuid } from 'uuid'
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from 'vitest'
import { createHousekeeping } from '../../../services/api/housekeeping.ts'
import { connectRedis } from '../../../shared/runtime/redis.ts'
import { createTaskFlow } from '../../../shared/runtime/task-flow/index.ts'
import { relayOutbox } from '../../../shared/runtime/task-flow/relay.ts'
import { redisUrl } from '../../support/servers.ts'
import { digest, git, startApi, type TestApi, withToken } from './support.ts'

let api: TestApi
let folder: string

beforeAll(async () => {
  api = await startApi()
  folder = await mkdtemp(join(tmpdir(), 'slipway-projects-'))
})
afterAll(async () => {
  await api.close()
  await rm(folder, { recursive: true, force: true })
})

const signedIn = (cloneUrl: string, token = api.admin.token) => withToken(cloneUrl, token)

describe('a new project', () => {
  test('has a main thread, an event, default settings and a repository that can be cloned', async () => {
    const { client } = api.admin
    const project = await client.createProject({ body: { name: 'Käse & Shop!' } })
    expect(project).toMatchObject({ slug: 'kase-shop', defaultBranch: 'main', name: 'Käse & Shop!' })
    expect(project.settings).toMatchObject({ model: 'runbook:default', maxIterations: 60, autoApply: false })
    expect(project.cloneUrl).toBe(`${api.url}/git/kase-shop.git`)
    const thread = await client.getThread({ params: { id: project.mainThreadId } })
    expect(thread).toMatchObject({ kind: 'main', taskId: null, status: 'idle' })
    const { items } = await client.listEvents({ params: { id: project.id } })
    expect(items).toMatchObject([{ seq: 1, type: 'project.created', projectId: project.id }])
    expect(await git('ls-remote', signedIn(project.cloneUrl), 'HEAD')).toContain(project.headSha)
    expect(await client.getProject({ params: { id: project.id } })).toEqual(project)
  })

  test('from the sample has its files and settings', async () => {
    const project = await api.admin.client.createProject({
      body: { name: 'Sample', source: { kind: 'sample' }, settings: { maxParallel: 3 } },
    })
    expect(project.settings).toMatchObject({ checkCommand: 'node --test', maxParallel: 3 })
    const clone = join(folder, 'sample')
    await git('clone', '--quiet', signedIn(project.cloneUrl), clone)
    expect(await readdir(clone)).toContain('README.md')
  })

  test('from a git repository has its history', async () => {
    const origin = join(folder, 'origin')
    await git('init', '--quiet', '--initial-branch=trunk', origin)
    await writeFile(join(origin, 'a.txt'), 'a\n')
    await git('-C', origin, 'add', '.')
    await git('-C', origin, 'commit', '--quiet', '-m', 'First')
    const head = await git('-C', origin, 'rev-parse', 'HEAD')
    const project = await api.admin.client.createProject({
      body: { name: 'Imported', source: { kind: 'git', url: origin } },
    })
    expect(project).toMatchObject({ defaultBranch: 'trunk', headSha: head })
  })

  test('of a name that is taken gets a slug of its own, also when ten come at once', async () => {
    const made = await Promise.all(
      Array.from({ length: 10 }, () => api.admin.client.createProject({ body: { name: 'Same name' } })),
    )
    expect(made.map(project => project.slug).sort()).toEqual(
      ['same-name', ...[2, 3, 4, 5, 6, 7, 8, 9, 10].map(n => `same-name-${n}`)].sort(),
    )
  })

  test('whose rows cannot be stored leaves no repository', async () => {
    const before = [await digest(api.db), await readdir(api.repositories)]
    await api.db.prisma.$executeRaw`ALTER TABLE threads ADD CONSTRAINT broken CHECK (title <> 'Broken')`
    const sent = await api.send('POST', '/api/v1/projects', { body: { name: 'Broken' } })
    await api.db.prisma.$executeRaw`ALTER TABLE threads DROP CONSTRAINT broken`
    expect([sent.status, sent.json.code]).toEqual([500, 'internal'])
    expect([await digest(api.db), await readdir(api.repositories)]).toEqual(before)
  })
})

test('a repository that a crash left without a project is removed at the next start, a new one is not', async () => {
  const [orphan, recent] = [uuid(), uuid()]
  await api.git.create(orphan, { kind: 'empty' })
  await api.git.create(recent, { kind: 'empty' })
  const yesterday = new Date(Date.now() - 24 * 60 * 60_000)
  for (const name of await readdir(api.repositories)) {
    if (name.endsWith('.git') && name !== `${recent}.git`)
      await utimes(join(api.repositories, name), yesterday, yesterday)
  }
  const before = await readdir(api.repositories)
  const housekeeping = createHousekeeping(api)
  await housekeeping.start()
  await housekeeping.stop()
  expect(await readdir(api.repositories)).toEqual(before.filter(name => name !== `${orphan}.git`))
})

describe('a project', () => {
  test('keeps the settings that a change does not name', async () => {
    const { client } = api.admin
    const { id } = await client.createProject({ body: { name: 'Settings', settings: { checkCommand: 'make check' } } })
    const changed = await client.updateProject({
      params: { id },
      body: { name: 'Renamed', settings: { maxParallel: 2, checkCommand: null } },
    })
    expect(changed).toMatchObject({ name: 'Renamed', slug: 'settings' })
    expect(changed.settings).toMatchObject({ maxParallel: 2, checkCommand: null, model: 'runbook:default' })
    const { items } = await client.listEvents({ params: { id }, query: { after: 1 } })
    expect(items).toMatchObject([
      { type: 'project.updated', payload: { fields: ['name', 'maxParallel', 'checkCommand'] } },
    ])
  })

  test('that is deleted is gone with all it had', async () => {
    const { client } = api.admin
    const { id } = await client.createProject({ body: { name: 'Short-lived' } })
    const { items } = await client.createTasks({
      params: { id },
      body: { tasks: [{ key: 'a', title: 'A', plan: 'x' }] },
    })
    expect((await api.send('DELETE', `/api/v1/projects/${id}`)).status).toBe(204)
    expect((await api.send('GET', `/api/v1/tasks/${items[0]!.id}`)).status).toBe(404)
    expect((await api.send('DELETE', `/api/v1/projects/${id}`)).status).toBe(404)
    expect(await readdir(api.repositories)).not.toContain(`${id}.git`)
    expect(await api.db.prisma.event.count({ where: { projectId: id } })).toBe(0)
  })

  test('that is deleted leaves no job of its queued tasks in Redis', async () => {
    const { client } = api.admin
    const { id } = await client.createProject({ body: { name: 'Queued' } })
    const { items } = await client.createTasks({
      params: { id },
      body: {
        tasks: [
          { key: 'a', title: 'A', plan: 'x' },
          { key: 'b', title: 'B', plan: 'x', dependsOn: ['a'] },
        ],
      },
    })
    await api.store.accept(id)
    const redis = connectRedis(redisUrl(), { log: api.log })
    const flow = createTaskFlow({ redis, names: api.names })
    onTestFinished(async () => {
      await flow.close()
      redis.disconnect()
    })
    await relayOutbox({ db: api.db, flow })
    const tasks = await api.db.prisma.task.findMany({ where: { id: { in: items.map(task => task.id) } } })
    const states = () => Promise.all(tasks.map(task => flow.stateOf(task.id, task.jobNumber!)))
    expect((await states()).sort()).toEqual(['prioritized', 'waiting-children'])
    expect((await api.send('DELETE', `/api/v1/projects/${id}`)).status).toBe(204)
    await relayOutbox({ db: api.db, flow })
    expect(await states()).toEqual(['unknown', 'unknown'])
    expect(await Promise.all(flow.queues.map(queue => queue.getDelayedCount()))).toEqual([0, 0, 0])
  })

  test('with running tasks is not deleted, and the answer names them', async () => {
    const { client } = api.admin
    const { id } = await client.createProject({ body: { name: 'Busy' } })
    const { items } = await client.createTasks({
      params: { id },
      body: { tasks: [{ key: 'a', title: 'Paint it', plan: 'x' }] },
    })
    await api.db.prisma.task.update({ where: { id: items[0]!.id }, data: { state: 'active' } })
    const sent = await api.send('DELETE', `/api/v1/projects/${id}`)
    expect([sent.status, sent.json.code]).toEqual([409, 'illegal_state'])
    expect(sent.json.detail).toContain('#1 “Paint it”')
    expect((await api.send('GET', `/api/v1/projects/${id}`)).status).toBe(200)
  })
})

describe('git', () => {
  test('is closed to wrong tokens and other organizations', async () => {
    const project = await api.admin.client.createProject({ body: { name: 'Closed' } })
    await expect(git('ls-remote', signedIn(project.cloneUrl, `slw_${'x'.repeat(43)}`))).rejects.toThrow(
      /Authentication/,
    )
    await expect(git('ls-remote', signedIn(project.cloneUrl, api.stranger.token))).rejects.toThrow(/not found/i)
    expect((await api.send('POST', `/internal/v1/repos/${project.id}/resolve`, { body: { rev: 'main' } })).status).toBe(
      401,
    )
  })

  test('takes pushes to main and tells of them; to a task’s branch only when the task is ready or failed', async () => {
    const { client } = api.admin
    const project = await client.createProject({ body: { name: 'Pushed' } })
    const { items } = await client.createTasks({
      params: { id: project.id },
      body: {
        tasks: [
          { key: 'a', title: 'A', plan: 'x' },
          { key: 'b', title: 'B', plan: 'x' },
        ],
      },
    })
    const task = items[0]!
    const branch = 'tasks/1-a'
    await api.git.moveRef(project.id, { ref: `refs/heads/${branch}`, to: project.headSha, from: null })
    await api.db.prisma.task.update({
      where: { id: task.id },
      data: { branch, state: 'active', checkStatus: 'passed' },
    })

    const clone = join(folder, 'pushed')
    await git('clone', '--quiet', signedIn(project.cloneUrl), clone)
    await git('-C', clone, 'commit', '--quiet', '--allow-empty', '-m', 'By hand')
    const head = await git('-C', clone, 'rev-parse', 'HEAD')
    await expect(git('-C', clone, 'push', '--quiet', 'origin', `HEAD:${branch}`)).rejects.toThrow(/is active/)
    expect((await client.getTask({ params: { id: task.id } })).headSha).toBeNull()

    await api.db.prisma.task.update({ where: { id: task.id }, data: { state: 'ready' } })
    await git('-C', clone, 'push', '--quiet', 'origin', `HEAD:${branch}`)
    expect(await client.getTask({ params: { id: task.id } })).toMatchObject({
      headSha: head,
      checks: { status: 'stale' },
    })

    // It was looked at before the task moved on, and came after that.
    await api.db.prisma.task.update({ where: { id: task.id }, data: { state: 'queued' } })
    await api.store.branchPushed(project.id, branch, '9'.repeat(40))
    const { items: told } = await client.listMessages({ params: { id: task.threadId } })
    expect(told.at(-1)).toMatchObject({ role: 'system', text: expect.stringContaining('its commit 9999999999 is not') })
    expect((await client.getTask({ params: { id: task.id } })).headSha).toBe(head)

    // The second failed before there was a branch, so the push makes it.
    const failed = items[1]!.id
    const push = (to: string) => git('-C', clone, 'push', '--quiet', 'origin', `HEAD:refs/heads/${to}`)
    await expect(push('tasks/2-b')).rejects.toThrow(/is draft/)
    await api.db.prisma.task.update({ where: { id: failed }, data: { state: 'failed' } })
    await expect(push('tasks/2-c')).rejects.toThrow(/is no task's branch/)
    await push('tasks/2-b')
    expect(await client.getTask({ params: { id: failed } })).toMatchObject({ branch: 'tasks/2-b', headSha: head })

    await git('-C', clone, 'push', '--quiet', 'origin', 'HEAD:main', 'HEAD:refs/heads/feature')
    expect((await client.getProject({ params: { id: project.id } })).headSha).toBe(head)
    const events = await client.listEvents({ params: { id: project.id } })
    expect(events.items.at(-1)).toMatchObject({ type: 'project.head', payload: { headSha: head } })
  })

  test('a push that was heard of by nobody is found at the next start', async () => {
    const { client } = api.admin
    const project = await client.createProject({ body: { name: 'Unheard' } })
    const sha = await api.git.squash(project.id, { base: project.headSha, head: project.headSha, message: 'Pushed' })
    await api.git.moveRef(project.id, { ref: 'refs/heads/main', to: sha, from: project.headSha })
    const housekeeping = createHousekeeping(api)
    await housekeeping.start()
    await housekeeping.stop()
    expect((await client.getProject({ params: { id: project.id } })).headSha).toBe(sha)
  })

  test('so is one to the branch of a ready task', async () => {
    const { client } = api.admin
    const project = await client.createProject({ body: { name: 'Unheard branch' } })
    const { items } = await client.createTasks({
      params: { id: project.id },
      body: { tasks: [{ key: 'a', title: 'A', plan: 'x' }] },
    })
    const { id } = items[0]!
    await api.db.prisma.task.update({
      where: { id },
      data: { state: 'ready', branch: 'tasks/1-a', headSha: '1'.repeat(40) },
    })
    await api.git.moveRef(project.id, { ref: 'refs/heads/tasks/1-a', to: project.headSha, from: null })
    const housekeeping = createHousekeeping(api)
    await housekeeping.start()
    await housekeeping.stop()
    expect((await client.getTask({ params: { id } })).headSha).toBe(project.headSha)
  })
})
