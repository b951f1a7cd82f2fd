import { describe, expect, test } from 'vitest'
import { canMove, TASK_STATES, type TaskState } from '../../../../shared/domain/task-state.ts'
import type { TaskStore } from '../../../../shared/runtime/task-store/index.ts'
import { draft, type Engine, startEngine } from '../../../support/engine.ts'
import { claimAs, claimed, iterate, sha, work } from '../../../support/runs.ts'

async function drafted(...drafts: ReturnType<typeof draft>[]) {
  const engine = await startEngine()
  const project = await engine.project()
  const ids = await engine.store.createDrafts(project.id, drafts)
  const row = (id: string) => engine.db.prisma.task.findUniqueOrThrow({ where: { id } })
  return { engine, store: engine.store, project, ids, row }
}

test('all drafts are accepted in the order of their numbers', async () => {
  const { store, project, ids, row } = await drafted(draft('a'), draft('b', ['a']), draft('c'))
  expect(await store.accept(project.id)).toEqual(ids)
  const rows = await Promise.all(ids.map(row))
  expect(rows.map(({ state, attempt }) => [state, attempt])).toEqual([1, 1, 1].map(attempt => ['queued', attempt]))
  const numbers = rows.map(({ jobNumber }) => Number(jobNumber))
  expect(numbers).toEqual([...numbers].sort((a, b) => a - b))
  expect(await store.accept(project.id)).toEqual([])
})

test('only the drafts that are named are accepted, the others stay drafts', async () => {
  const { store, project, ids, row, engine } = await drafted(draft('a'), draft('b', ['a']))
  expect(await store.accept(project.id, [ids[1]!])).toEqual([ids[1]])
  expect((await row(ids[0]!)).state).toBe('draft')
  expect(await claimAs(engine, ids[1]!, 'w')).toEqual({ kind: 'refused', reason: 'dependency' })
})

test('one that is no draft, or unknown, spoils the whole request', async () => {
  const { store, project, ids, row, engine } = await drafted(draft('a'), draft('b'))
  const [a, b] = ids as [string, string]
  const other = await engine.project()
  await expect(store.accept(other.id, [a])).rejects.toMatchObject({ code: 'not_found' })
  await store.accept(project.id, [a])
  await expect(store.accept(project.id, [b, a])).rejects.toMatchObject({ code: 'illegal_state' })
  expect((await row(b)).state).toBe('draft')
})

test('retry starts a failed task again at its checkpoint with a new attempt', async () => {
  const { engine, store, project, ids, row } = await drafted(draft('a'))
  const [a] = ids as [string]
  await store.accept(project.id)
  const first = await claimed(engine, a)
  await store.open(first, { baseSha: sha('1'), prompt: 'a' })
  await iterate(store, first, 1)
  await store.fail(first, { code: 'out_of_steps', message: 'no more steps' })
  expect(await row(a)).toMatchObject({ state: 'failed', failureCode: 'out_of_steps', leaseOwner: null })
  await store.retry(a)
  expect(await row(a)).toMatchObject({ state: 'queued', attempt: 2, failureCode: null, iterations: 0, deaths: 0 })
  const second = await claimed(engine, a)
  expect(second).toMatchObject({ attempt: 2, headSha: (1001).toString(16).padStart(40, '0'), baseSha: sha('1') })
  expect((await store.load(second)).history).toHaveLength(3)
})

test('cancel takes a queued, an active and a waiting task from where they are', async () => {
  const { engine, store, project, ids, row } = await drafted(draft('a'), draft('b'), draft('c'))
  const [a, b, c] = ids as [string, string, string]
  await store.accept(project.id)
  const active = await claimed(engine, b)
  await store.park(await claimed(engine, c), { reason: 'answer', waitingOn: [] })
  for (const id of ids) await store.cancel(id)
  for (const id of [a, b, c]) {
    expect(await row(id)).toMatchObject({
      state: 'cancelled',
      failureCode: 'cancelled',
      jobNumber: null,
      dueAt: null,
      leaseOwner: null,
      inLineAt: null,
      waitingFor: null,
    })
  }
  await expect(store.ready(active, { headSha: sha('2'), branch: 'b', output: '' })).rejects.toMatchObject({
    name: 'Fenced',
  })
  expect(await engine.db.prisma.fencedWrite.count({ where: { taskId: b, write: 'ready' } })).toBe(1)
  await store.retry(c)
  expect(await row(c)).toMatchObject({ state: 'queued', attempt: 2 })
})

test('of a cancel and a finish at the same time one wins, and nothing of the other is left', async () => {
  const drafts = Array.from({ length: 10 }, (_, index) => draft(`t${index}`))
  const { engine, store, project, ids, row } = await drafted(...drafts)
  await store.accept(project.id)
  for (const id of ids) {
    const claim = await claimed(engine, id)
    const [ready, cancel] = await Promise.allSettled([
      store.ready(claim, { headSha: sha('2'), branch: 'b', output: 'done' }),
      store.cancel(id),
    ])
    const won = ready.status === 'fulfilled' ? 'ready' : 'cancelled'
    expect([ready.status, cancel.status].sort()).toEqual(['fulfilled', 'rejected'])
    expect(await row(id)).toMatchObject({ state: won, output: won === 'ready' ? 'done' : null })
  }
})

test('dismissing a task marks those stale that have started on it, and those alone', async () => {
  const { engine, store, project, ids, row } = await drafted(
    draft('a'),
    draft('b', ['a']),
    draft('c', ['a']),
    draft('d'),
  )
  const [a, b, c, d] = ids as [string, string, string, string]
  await store.accept(project.id, [a, b, c])
  await work(store)(await claimed(engine, a))
  await work(store)(await claimed(engine, b))
  await store.dismiss(a)
  expect((await row(b)).staleReason).toContain('“a”')
  expect((await row(c)).staleReason).toBeNull()
  expect((await row(d)).staleReason).toBeNull()
  await expect(store.requestApply(b)).rejects.toMatchObject({ code: 'illegal_state' })
  expect(await claimAs(engine, c, 'w')).toEqual({ kind: 'refused', reason: 'dependency' })
})

const prerequisites = async ({ db }: Engine, taskId: string): Promise<string[]> =>
  (await db.prisma.edge.findMany({ where: { taskId } })).map(({ prerequisiteId }) => prerequisiteId)

test('who has started on a dismissed task runs again without it; who has not keeps waiting', async () => {
  const { engine, store, project, ids, row } = await drafted(
    draft('a'),
    draft('b', ['a']),
    draft('c', ['a']),
    draft('d', ['a']),
  )
  const [a, b, c, d] = ids as [string, string, string, string]
  await store.accept(project.id)
  await work(store)(await claimed(engine, a))
  const running = await claimed(engine, b)
  const parked = await claimed(engine, c)
  for (const claim of [running, parked]) await store.open(claim, { baseSha: sha('1'), prompt: '' })
  await store.park(parked, { reason: 'answer', waitingOn: [] })
  await store.postMessage((await row(a)).threadId, 'again')
  await store.postMessage((await row(c)).threadId, 'red')
  const held = await row(c)
  expect(await claimAs(engine, c, 'w')).toEqual({ kind: 'refused', reason: 'dependency' })

  await store.cancel(a)
  await store.dismiss(a)
  expect(await Promise.all([b, c, d].map(id => prerequisites(engine, id)))).toEqual([[], [], [a]])
  expect((await row(c)).jobNumber).not.toBe(held.jobNumber)
  await store.giveBack(running)
  for (const id of [b, c]) expect(await claimAs(engine, id, 'w')).toMatchObject({ kind: 'claimed' })
  expect(await claimAs(engine, d, 'w')).toEqual({ kind: 'refused', reason: 'dependency' })
})

test('what checks said of earlier work is not said of what comes next', async () => {
  const { engine, store, project, ids, row } = await drafted(draft('a'))
  await store.accept(project.id)
  await work(store)(await claimed(engine, ids[0]!))
  const red = { checkStatus: 'failed', checkPassed: 1, checkFailed: 2 }
  await engine.db.prisma.task.update({ where: { id: ids[0]! }, data: red })
  await store.postMessage((await row(ids[0]!)).threadId, 'again')
  expect(await row(ids[0]!)).toMatchObject({ checkStatus: null, checkPassed: null, checkFailed: null })
})

test('a stale task is done anew on a fresh base, its old conversation out of sight', async () => {
  const { engine, store, project, ids, row } = await drafted(draft('a'), draft('b', ['a']))
  const [a, b] = ids as [string, string]
  await store.accept(project.id)
  await work(store)(await claimed(engine, a))
  await work(store)(await claimed(engine, b))
  await expect(store.retry(b)).rejects.toMatchObject({ code: 'illegal_state' })
  const { threadId } = await row(a)
  await store.postMessage(threadId, 'differently')
  await work(store)(await claimed(engine, a))
  expect((await row(b)).staleReason).toContain('changed')
  await store.retry(b)
  expect(await row(b)).toMatchObject({ state: 'queued', baseSha: null, headSha: null, staleReason: null })
  const again = await claimed(engine, b)
  await store.open(again, { baseSha: sha('5'), prompt: 'anew' })
  expect((await store.load(again)).history).toEqual([{ role: 'user', text: 'anew' }])
})

const commands: Record<
  string,
  { to: TaskState; run: (store: TaskStore, id: string, projectId: string) => Promise<unknown> }
> = {
  accept: { to: 'queued', run: (store, id, projectId) => store.accept(projectId, [id]) },
  dismiss: { to: 'dismissed', run: (store, id) => store.dismiss(id) },
  cancel: { to: 'cancelled', run: (store, id) => store.cancel(id) },
  retry: { to: 'queued', run: (store, id) => store.retry(id) },
  requestApply: { to: 'applying', run: (store, id) => store.requestApply(id) },
}
const legal: Record<string, readonly TaskState[]> = {
  accept: ['draft'],
  dismiss: ['draft', 'ready', 'failed', 'cancelled'],
  cancel: ['queued', 'active', 'waiting'],
  retry: ['failed', 'cancelled'],
  // A second request while the task is in line is answered, and changes nothing.
  requestApply: ['ready', 'applying'],
}

describe('in each state', () => {
  test('the commands that the table of states allows move the task, the others change nothing', async () => {
    const { engine, store, project } = await drafted()
    const { prisma } = engine.db
    for (const state of TASK_STATES) {
      for (const [name, { to, run }] of Object.entries(commands)) {
        const [id] = (await store.createDrafts(project.id, [draft(`${name}-${state}`)])) as [string]
        await prisma.task.update({ where: { id }, data: { state, headSha: sha('2') } })
        const before = await prisma.task.findUniqueOrThrow({ where: { id } })
        const events = await prisma.event.count()
        const outcome = await run(store, id, project.id).then(
          () => 'done',
          (error: { code?: string }) => error.code,
        )
        const after = await prisma.task.findUniqueOrThrow({ where: { id } })
        const what = `${name} of a task that is ${state}`
        if (legal[name]!.includes(state)) {
          expect([what, outcome, after.state]).toEqual([what, 'done', to])
          expect(state === to || canMove(state, to)).toBe(true)
        } else {
          expect([what, outcome, after]).toEqual([what, 'illegal_state', before])
          expect(await prisma.event.count()).toBe(events)
        }
      }
    }
  })

  test('an unknown task is not found', async () => {
    const { store, project } = await drafted()
    const nobody = '00000000-0000-7000-8000-000000000000'
    for (const { run } of Object.values(commands)) {
      await expect(run(store, nobody, project.id)).rejects.toMatchObject({ code: 'not_found' })
    }
    await expect(store.update(nobody, { priority: 1 })).rejects.toMatchObject({ code: 'not_found' })
    await expect(store.postMessage(nobody, 'hello')).rejects.toMatchObject({ code: 'not_found' })
    await expect(store.createDrafts(nobody, [draft('a')])).rejects.toMatchObject({ code: 'not_found' })
    await expect(store.createThread(nobody, 'chat', 'x')).rejects.toMatchObject({ code: 'not_found' })
  })
})
