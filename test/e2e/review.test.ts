import { beforeAll, describe, expect, test } from 'vitest'
import type { Project } from '../../shared/contract/project.ts'
import type { Task, TaskDraft } from '../../shared/contract/task.ts'
import { eventually } from '../support/eventually.ts'
import { fileStage } from '../support/file-stage.ts'
import { file, plan, sh } from '../support/runbook.ts'
import { type System, startSystem } from '../support/system.ts'
import { clone } from '../support/work-tree.ts'
import { type Http, plainHttp } from './support/http.ts'

describe('who reviews a task', { concurrent: true, timeout: 300_000 }, () => {
  const stage = fileStage()
  let system: System
  let http: Http

  beforeAll(async () => {
    system = await startSystem({ stage })
    http = plainHttp(system)
  })

  test('may push to its branch: its checks are stale, and that is what is applied', async () => {
    const { project, task } = await accepted('Push', file('a.txt', 'a'), { checkCommand: 'true' })
    const { branch, checks } = await until(task.id, 'ready')
    expect(checks).toEqual({ status: 'passed' })
    const tree = await clone({ ...project, token: system.token }, stage.onEnd)
    await tree.git('checkout', '--quiet', branch!)
    const pushed = await tree.commit({ 'a.txt': 'better\n', 'mine.txt': 'mine\n' }, 'By hand')
    await tree.git('push', '--quiet', 'origin', branch!)
    expect(await get(task.id)).toMatchObject({ state: 'ready', checks: { status: 'stale' }, headSha: pushed })

    await http.post(`/tasks/${task.id}/apply`)
    await until(task.id, 'done')
    await tree.git('checkout', '--quiet', 'main')
    await tree.git('pull', '--quiet')
    expect(await tree.files()).toMatchObject({ 'a.txt': 'better\n', 'mine.txt': 'mine\n' })
    expect(await tree.git('log', '-1', '--format=%s')).toBe('Push')
  })

  test('may not push to its branch while it runs, nor to branches of no task', async () => {
    const { project, task } = await accepted('Run', file('a.txt', 'a'))
    const { branch, headSha } = await until(task.id, 'ready')
    const tree = await clone({ ...project, token: system.token }, stage.onEnd)
    await tree.git('checkout', '--quiet', branch!)
    await tree.commit({ 'b.txt': 'b\n' }, 'Too late')
    const answer = await http.send<{ role: string; readAt: null }>('POST', `/threads/${task.threadId}/messages`, {
      text: sh('sleep 1000'),
    })
    expect(answer).toMatchObject({ status: 202, body: { role: 'user', readAt: null } })
    await until(task.id, 'active')
    await expect(tree.git('push', 'origin', branch!)).rejects.toThrow(/is active: push when it is ready or failed/)
    await expect(tree.git('push', 'origin', `${branch}:tasks/99-mine`)).rejects.toThrow(/no task's branch/)
    await tree.git('push', '--quiet', 'origin', `${branch}:mine`)
    await tree.git('checkout', '--quiet', '--orphan', 'rewritten')
    await tree.commit({}, 'Another history')
    await expect(tree.git('push', '--force', 'origin', 'rewritten:main')).rejects.toThrow(/main only moves forward/)

    const refused = await http.send('POST', `/tasks/${task.id}/apply`)
    expect(refused).toMatchObject({
      status: 409,
      body: { code: 'illegal_state', detail: expect.stringContaining('active') },
    })
    await http.post(`/tasks/${task.id}/cancel`)
    expect(await get(task.id)).toMatchObject({ state: 'cancelled', headSha, failure: { code: 'cancelled' } })
  })

  test('loses no push to main, and no task, when both come at once', async () => {
    const { project, task } = await accepted('Slow', file('slow.txt', 'slow'), {
      checkCommand: 'test ! -e slow.txt || test ! -e wait.txt || test -e meanwhile.txt || sleep 15',
    })
    await until(task.id, 'ready')
    const tree = await clone({ ...project, token: system.token }, stage.onEnd)
    await tree.commit({ 'wait.txt': 'wait\n' }, 'Wait')
    await tree.git('push', '--quiet', 'origin', 'main')
    await http.post(`/tasks/${task.id}/apply`)
    await eventually(async () => expect((await get(task.id)).apply?.phase).toBe('verifying'))
    await tree.commit({ 'meanwhile.txt': 'meanwhile\n' }, 'Meanwhile')
    await tree.git('push', '--quiet', 'origin', 'main')
    expect((await get(task.id)).apply?.phase).toBe('verifying')
    await until(task.id, 'done')
    await tree.git('pull', '--quiet')
    expect(Object.keys(await tree.files())).toEqual(expect.arrayContaining(['slow.txt', 'wait.txt', 'meanwhile.txt']))
    expect((await tree.git('log', '--first-parent', '--format=%s')).split('\n').slice(0, 3)).toEqual([
      'Slow',
      'Meanwhile',
      'Wait',
    ])
  })

  test('settles a conflict on the branch, and has the agent go on from there', async () => {
    const { project, task } = await accepted('Paint', file('wall.txt', 'blue'))
    await until(task.id, 'ready')
    const tree = await clone({ ...project, token: system.token }, stage.onEnd)
    await tree.commit({ 'wall.txt': 'red\n', 'door.txt': 'door\n' }, 'Red')
    await tree.git('push', '--quiet', 'origin', 'main')
    await http.post(`/tasks/${task.id}/apply`)
    const { branch } = await eventually(async () => {
      const returned = await until(task.id, 'ready')
      expect(returned.failure).toMatchObject({ code: 'merge_conflict', message: expect.stringContaining('wall.txt') })
      return returned
    })
    await tree.git('checkout', '--quiet', branch!)
    await tree.git('merge', '--quiet', '--strategy-option=ours', '--message=Settle', 'main')
    await tree.git('push', '--quiet', 'origin', branch!)
    await http.post(`/threads/${task.threadId}/messages`, { text: file('brush.txt', 'brush') })
    await eventually(async () => expect(await get(task.id)).toMatchObject({ state: 'ready', attempt: 2 }), {
      timeoutMs: 120_000,
    })
    const { files } = await http.get<{ files: { path: string }[] }>(`/tasks/${task.id}/diff`)
    expect(files.map(({ path }) => path)).toEqual(['brush.txt', 'wall.txt'])
    await http.post(`/tasks/${task.id}/apply`)
    await until(task.id, 'done')
    await tree.git('checkout', '--quiet', 'main')
    await tree.git('pull', '--quiet')
    expect(await tree.files()).toMatchObject({ 'wall.txt': 'blue\n', 'door.txt': 'door\n', 'brush.txt': 'brush\n' })
  })

  test('sees what runs live, and finds the same afterwards', async () => {
    const { task } = await accepted('Live', plan(sh('echo hello; exit 3')))
    const failed = await until(task.id, 'failed')
    expect(failed).toMatchObject({
      column: 'active',
      failure: { code: 'agent_failed', message: expect.stringContaining('exit 3') },
    })
    const { items } = await http.get<{ items: object[] }>(`/tasks/${task.id}/log`)
    expect(items).toMatchObject([
      { tool: 'bash', summary: 'echo hello; exit 3', exitCode: 3, output: expect.stringMatching(/^hello\n\[exit 3/) },
    ])
    const refused = await http.send('POST', `/tasks/${task.id}/apply`)
    expect(refused).toMatchObject({ status: 409, body: { code: 'illegal_state' } })
    expect((await http.post<Task>(`/tasks/${task.id}/retry`)).state).toBe('queued')
    await eventually(async () => expect(await get(task.id)).toMatchObject({ state: 'failed', attempt: 2 }), {
      timeoutMs: 120_000,
    })
    expect((await http.post<Task>(`/tasks/${task.id}/dismiss`)).column).toBe('done')
  })

  async function accepted(
    title: string,
    text: string,
    settings: object = {},
  ): Promise<{ project: Project; task: Task }> {
    const project = await http.post<Project>('/projects', { name: title, settings })
    const tasks: Partial<TaskDraft>[] = [{ key: title, title, plan: text }]
    await http.post(`/projects/${project.id}/tasks`, { tasks })
    const { items } = await http.post<{ items: Task[] }>(`/projects/${project.id}/tasks/accept`, {})
    return { project, task: items[0]! }
  }

  function get(id: string): Promise<Task> {
    return http.get<Task>(`/tasks/${id}`)
  }

  function until(id: string, state: Task['state']): Promise<Task> {
    return eventually(
      async () => {
        const task = await get(id)
        expect({ state: task.state, failure: task.failure }).toMatchObject({ state })
        return task
      },
      { timeoutMs: 120_000 },
    )
  }
})
