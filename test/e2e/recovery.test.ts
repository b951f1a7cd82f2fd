import { afterEach, beforeAll, describe, expect, test } from 'vitest'
import type { Project } from '../../shared/contract/project.ts'
import type { Task } from '../../shared/contract/task.ts'
import { eventually } from '../support/eventually.ts'
import { fileStage } from '../support/file-stage.ts'
import { file, plan, sh } from '../support/runbook.ts'
import { docker } from '../support/servers.ts'
import { type System, type SystemProcess, startSystem } from '../support/system.ts'
import { clone } from '../support/work-tree.ts'
import { type Hold, type HoldingProxy, startProxy } from './support/proxy.ts'

const LET_GO = '/tmp/let-go'
/** A command that runs until the test lets it go, so that no clock decides whether it was met running. */
const UNTIL_LET_GO = `until [ -e ${LET_GO} ]; do sleep 0.2; done`

describe('a worker that is lost', () => {
  const stage = fileStage()
  let system: System
  let proxy: HoldingProxy
  const workers: SystemProcess[] = []
  /** What is held of each project's requests. */
  const holds = new Map<string, Hold>()

  beforeAll(async () => {
    system = await startSystem({ stage, services: 'api,gateway' })
    proxy = await startProxy(system.url, (path, body) => {
      const projectId = /^\/internal\/v1\/repos\/([^/]+)\//.exec(path)?.[1]
      return holds.get(projectId ?? '')?.(path, body) ?? null
    })
    stage.onEnd(proxy.close)
  })

  afterEach(stopWorkers)

  test('by SIGKILL, then by SIGTERM, in the middle of a command is replaced at the last checkpoint', async () => {
    const { client, db } = system
    await Promise.all([1, 2, 3].map(() => startWorker()))
    const { id } = await accepted(
      'Twice',
      plan(file('a.txt', 'a'), sh(`${UNTIL_LET_GO}; echo waited > b.txt`), file('c.txt', 'c')),
    )
    const first = await inCommand(1)
    await first.stop('SIGKILL')
    const second = await inCommand(2)
    expect(await row()).toMatchObject({ attempt: 1, deaths: 1 })
    await second.stop('SIGTERM', 10_000)
    expect(await second.log()).toContain('run.given_back')
    await inCommand(3)
    expect(await row()).toMatchObject({ attempt: 1, deaths: 1 })
    await letGo(id)

    const task = await ready(id)
    // Two replies ask for the command again; the file before it was written once.
    expect(task).toMatchObject({ attempt: 1, epoch: 3, iterations: 6 })
    const { items } = await client.listMessages({ params: { id: task.threadId } })
    const calls = items.flatMap(({ parts }) => parts.flatMap(part => (part.type === 'call' ? part.name : [])))
    expect(calls).toEqual(['write_file', 'bash', 'bash', 'bash', 'write_file'])
    const answers = items.flatMap(({ parts }) => parts.flatMap(part => (part.type === 'result' ? part.text : [])))
    expect(answers.map(text => /outcome unknown, workspace restored/.test(text))).toEqual([
      false,
      true,
      true,
      false,
      false,
    ])
    const { files } = await client.getDiff({ params: { id } })
    expect(files.map(({ path }) => path)).toEqual(['a.txt', 'b.txt', 'c.txt'])
    await stopWorkers()
    await expectNoContainers()

    function row() {
      return db.prisma.task.findUniqueOrThrow({ where: { id }, include: { steps: true } })
    }

    /** The worker that runs the task's second step in this epoch, while its outcome is not stored. */
    async function inCommand(epoch: number): Promise<SystemProcess> {
      const { leaseOwner } = await eventually(
        async () => {
          const task = await row()
          expect(task).toMatchObject({ state: 'active', iterations: epoch + 1, epoch: BigInt(epoch) })
          expect(task.steps).toHaveLength(epoch)
          expect(await containers()).toEqual([`${id} ${epoch}`])
          return task
        },
        { timeoutMs: 60_000 },
      )
      return workers.find(({ name }) => name === leaseOwner)!
    }
  }, 200_000)

  test('at any step of a run or an apply leaves work that another finishes, once', async () => {
    const first = await startWorker({ API_URL: proxy.url })
    const moves = (ref: string) => (path: string, body: Buffer) =>
      path.endsWith('/move-ref') && body.toString().includes(`"refs/heads/${ref}`)

    // Four applies of four projects, each stopped at another step.
    const applies = {
      merging: hold('before', path => path.endsWith('/merge')),
      verifying: null,
      'swapping, not done': hold('late', moves('main')),
      'swapping, done': hold('after', moves('main')),
    }
    const applying = new Map<string, Task>()
    for (const name of Object.keys(applies)) applying.set(name, await accepted(name, file('work.txt', name)))
    for (const { id } of applying.values()) await ready(id)
    await setCheck(applying.get('verifying')!.projectId, UNTIL_LET_GO)
    for (const [name, rule] of Object.entries(applies)) if (rule) holds.set(applying.get(name)!.projectId, rule)

    // Four runs of four projects, each stopped at another step.
    const runs = {
      'checkpoint, not done': hold(
        'before',
        secondOf(path => path.includes('/checkpoints/')),
      ),
      'checkpoint, done': hold(
        'after',
        secondOf(path => path.includes('/checkpoints/')),
      ),
      'branch, not done': hold('late', moves('tasks/')),
      'branch, done': hold('after', moves('tasks/')),
    }
    const running = new Map<string, Task>()
    for (const [name, rule] of Object.entries(runs)) {
      const project = await makeProject(name)
      holds.set(project.id, rule)
      running.set(
        name,
        await accept(project, name, plan(file('1.txt', '1'), sh('date +%N > 2.txt'), file('3.txt', '3'))),
      )
    }
    await eventually(() => expect(proxy.held).toHaveLength(4), { timeoutMs: 60_000 })

    for (const { id } of applying.values()) await system.client.applyTask({ params: { id } })

    await eventually(
      async () => {
        expect(proxy.held.map(each => each.replace(/[0-9a-f-]{36}/g, '…'))).toHaveLength(7)
        const phases = await Promise.all([...applying.values()].map(async ({ id }) => (await get(id)).apply?.phase))
        expect(phases).toEqual(['merging', 'verifying', 'swapping', 'swapping'])
        expect((await containers()).map(each => each.split(' ')[0])).toContain(applying.get('verifying')!.id)
      },
      { timeoutMs: 90_000 },
    )
    const before = await Promise.all([...running.values()].map(({ id }) => get(id)))
    expect(before.map(({ state, iterations }) => [state, iterations])).toEqual([
      ['active', 2],
      ['active', 2],
      ['active', 4],
      ['active', 4],
    ])
    await first.stop('SIGKILL')
    holds.clear()
    await setCheck(applying.get('verifying')!.projectId, 'true')
    await startWorker({ API_URL: proxy.url })

    for (const [name, { id, projectId }] of applying) {
      await eventually(async () => expect(await get(id), name).toMatchObject({ state: 'done' }), { timeoutMs: 120_000 })
      const project = await system.client.getProject({ params: { id: projectId } })
      const main = await clone({ ...project, token: system.token }, stage.onEnd)
      expect((await main.git('log', '--first-parent', '--format=%s')).split('\n')).toEqual([name, expect.any(String)])
      expect(await main.git('rev-parse', 'HEAD')).toBe((await get(id)).mergeSha)
      expect((await main.files())['work.txt']).toBe(`${name}\n`)
    }
    for (const [name, { id }] of running) {
      const task = await ready(id)
      expect(task, name).toMatchObject({ attempt: 1, epoch: 2 })
      const { items } = await system.client.listMessages({ params: { id: task.threadId } })
      const calls = items.flatMap(({ parts }) => parts.flatMap(part => (part.type === 'call' ? part.name : [])))
      const repeated = name.startsWith('branch') ? ['bash'] : ['bash', 'bash']
      expect(calls, name).toEqual(['write_file', ...repeated, 'write_file'])
      const { files } = await system.client.getDiff({ params: { id } })
      expect(files.map(({ path, additions }) => [path, additions])).toEqual([
        ['1.txt', 1],
        ['2.txt', 1],
        ['3.txt', 1],
      ])
    }
    // What the lost worker had sent arrives only now.
    expect(await proxy.deliverLate()).toEqual(['409 fenced', '409 fenced'])
    // The check that the lost worker ran would wait for ever: the new one has its container removed.
    await expectNoContainers()
  }, 300_000)

  async function startWorker(env: Record<string, string> = {}): Promise<SystemProcess> {
    const worker = await system.start('worker', env)
    workers.push(worker)
    return worker
  }

  async function stopWorkers(): Promise<void> {
    await Promise.all(workers.splice(0).map(worker => worker.stop('SIGTERM', 10_000)))
  }

  const makeProject = (name: string): Promise<Project> => system.client.createProject({ body: { name } })

  async function accept({ id }: Project, title: string, text: string): Promise<Task> {
    const tasks = [{ key: title, title, plan: text }]
    const { items } = await system.client.createTasks({ params: { id }, body: { tasks } })
    await system.client.acceptTasks({ params: { id }, body: {} })
    return items[0]!
  }

  const accepted = async (title: string, text: string) => accept(await makeProject(title), title, text)
  const get = (id: string) => system.client.getTask({ params: { id } })

  const ready = (id: string) =>
    eventually(
      async () => {
        const task = await get(id)
        expect({ title: task.title, state: task.state }).toMatchObject({ state: 'ready' })
        return task
      },
      { timeoutMs: 120_000 },
    )

  const setCheck = (id: string, checkCommand: string) =>
    system.client.updateProject({ params: { id }, body: { settings: { checkCommand } } })

  /** Holds the first request that fits, and lets all others pass. */
  function hold(when: 'before' | 'after' | 'late', fits: (path: string, body: Buffer) => boolean): Hold {
    let held = false
    return (path, body) => {
      if (held || !fits(path, body)) return null
      held = true
      return when
    }
  }

  function secondOf(fits: (path: string) => boolean): (path: string) => boolean {
    let seen = 0
    return path => fits(path) && ++seen === 2
  }

  async function letGo(taskId: string): Promise<void> {
    const [container] = (await system.containers()).filter(({ Labels }) => Labels['slipway.task'] === taskId)
    const exec = await docker()
      .getContainer(container!.Id)
      .exec({ Cmd: ['touch', LET_GO], AttachStdout: true })
    const stream = await exec.start({})
    stream.resume()
    await eventually(async () => expect((await exec.inspect()).ExitCode).toBe(0))
  }

  /** This system's containers as `<task> <epoch>`. */
  async function containers(): Promise<string[]> {
    return (await system.containers()).map(({ Labels }) => `${Labels['slipway.task']} ${Labels['slipway.epoch']}`)
  }

  async function expectNoContainers(): Promise<void> {
    await eventually(async () => expect(await containers()).toEqual([]), { timeoutMs: 60_000 })
  }
})
