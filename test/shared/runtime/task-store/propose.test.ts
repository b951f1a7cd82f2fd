import { expect, test } from 'vitest'
import type { ToolArgs } from '../../../../shared/contract/tools.ts'
import type { CallKey, Claim, Proposed } from '../../../../shared/runtime/task-store/index.ts'
import { draft, startEngine } from '../../../support/engine.ts'
import { claimed, sha } from '../../../support/runs.ts'
import { claimThread, stepWith } from '../../../support/threads.ts'

type Args = ToolArgs<'propose_tasks'>

/** A turn of the main thread that plans. */
async function planning(settings = {}) {
  const engine = await startEngine()
  const { store } = engine
  const project = await engine.project({ settings })
  const turn = async (thread = project.mainThreadId) => {
    await store.postMessage(thread, 'plan', 'plan')
    const claim = await claimThread(engine, thread)
    await store.open(claim, { baseSha: sha('1'), prompt: null })
    await store.readMessages(claim)
    return claim
  }
  const claim = await turn()
  let calls = 0
  const propose = async (args: Partial<Args>, by: Claim = claim, key?: CallKey): Promise<Proposed> => {
    let made: Proposed | undefined
    calls++
    await store.propose(
      by,
      key ?? { attempt: by.attempt, iteration: calls, callIndex: 0 },
      { tasks: [], ...args },
      proposed => {
        made = proposed
        return stepWith({ attempt: 1, iteration: calls, callIndex: 0 }, 'propose_tasks', JSON.stringify(proposed))
      },
    )
    return made!
  }
  const board = async () =>
    (
      await engine.db.prisma.task.findMany({
        where: { kind: 'board' },
        orderBy: { number: 'asc' },
        include: { prerequisites: { orderBy: { position: 'asc' } } },
      })
    ).map(({ key, state, title, planVersion, prerequisites, proposedInId, id }) => ({
      id,
      key,
      state,
      title,
      planVersion,
      proposedInId,
      after: prerequisites.map(({ prerequisiteId }) => prerequisiteId),
    }))
  return { engine, store, project, claim, turn, propose, board }
}

const task = (key: string, dependsOn?: string[], rest: Partial<Args['tasks'][number]> = {}) => ({
  key,
  title: `Title of ${key}`,
  description: `About ${key}`,
  plan: `Do ${key}.`,
  doneWhen: `${key} is done.`,
  ...(dependsOn && { dependsOn }),
  ...rest,
})

/** What is wrong with a proposal: each path with its message. */
async function mistakes(work: Promise<unknown>): Promise<Record<string, string>> {
  const error = await work.then(
    () => null,
    (refused: unknown) => refused as { name: string; code: string; errors?: { path: string; message: string }[] },
  )
  expect(error).toMatchObject({ name: 'Refused' })
  return Object.fromEntries((error?.errors ?? []).map(({ path, message }) => [path, message]))
}

test('drafts are created with their dependencies, proposed in the thread', async () => {
  const { engine, project, propose, board } = await planning()
  const { created, revised, removed, accepted } = await propose({ tasks: [task('page', ['db']), task('db', [])] })
  expect([revised, removed, accepted]).toEqual([[], [], false])
  const [page, db] = await board()
  expect(created).toEqual([
    { id: page!.id, key: 'page', number: 1, title: 'Title of page', dependsOn: [db!.id] },
    { id: db!.id, key: 'db', number: 2, title: 'Title of db', dependsOn: [] },
  ])
  expect(page).toMatchObject({ state: 'draft', after: [db!.id], proposedInId: project.mainThreadId, planVersion: 1 })
  const events = await engine.db.prisma.event.findMany({ where: { type: 'task.draft' } })
  expect(events.map(({ taskId }) => taskId)).toEqual([page!.id, db!.id])
})

test('a key that the thread has used changes that draft: same id, another plan; what is left out stays', async () => {
  const { engine, propose, board, turn } = await planning()
  await propose({ tasks: [task('db'), task('page', ['db'], { priority: 3 })] })
  const [db, page] = await board()
  const { created, revised } = await propose({
    tasks: [task('page', undefined, { plan: 'Do it otherwise.' }), task('menu', ['page', db!.id])],
  })
  expect(revised).toEqual([{ id: page!.id, key: 'page', number: 2, title: 'Title of page', dependsOn: [db!.id] }])
  expect(created.map(({ number, dependsOn }) => [number, dependsOn])).toEqual([[3, [page!.id, db!.id]]])
  expect((await board()).map(({ key, planVersion }) => [key, planVersion])).toEqual([
    ['db', 1],
    ['page', 2],
    ['menu', 1],
  ])
  const row = await engine.db.prisma.task.findUniqueOrThrow({
    where: { id: page!.id },
    include: { planVersions: true },
  })
  expect(row).toMatchObject({ plan: 'Do it otherwise.', priority: 3 })
  expect(row.planVersions).toMatchObject([
    { version: 1, plan: 'Do page.', dependsOn: [db!.id], replacedBy: 'agent', title: 'Title of page' },
  ])
  expect(turn).toBeDefined()
})

test('a draft that is proposed as it is gets no new version, and one without its edge does', async () => {
  const { propose, board } = await planning()
  const both = [task('db'), task('page', ['db'])]
  await propose({ tasks: both })
  const { revised } = await propose({ tasks: both })
  expect(revised.length).toBe(2)
  expect((await board()).map(({ planVersion }) => planVersion)).toEqual([1, 1])
  await propose({ tasks: [task('page', [])] })
  expect((await board()).map(({ planVersion, after }) => [planVersion, after])).toEqual([
    [1, []],
    [2, []],
  ])
})

test('a draft may be named by its id, and renamed by its title alone', async () => {
  const { engine, propose, board } = await planning()
  await propose({ tasks: [task('db')] })
  const [db] = await board()
  await propose({ tasks: [task(db!.id.toUpperCase(), undefined, { title: 'Another' }), task('page', [db!.id])] })
  const [again, page] = await board()
  expect(again).toMatchObject({ id: db!.id, key: 'db', title: 'Another', planVersion: 2 })
  expect(page!.after).toEqual([db!.id])
  const thread = await engine.db.prisma.thread.findFirst({ where: { task: { id: db!.id } } })
  expect(thread!.title).toBe('Another')
})

test('drafts are dropped by key, with those that need them or not at all', async () => {
  const { propose, board } = await planning()
  await propose({ tasks: [task('db'), task('page', ['db']), task('menu', ['page'])] })
  expect(await mistakes(propose({ remove: ['db', 'menu'] }))).toEqual({
    'remove.0': '“db” is needed by #2 “Title of page” (key “page”): propose that without it, or remove that as well',
  })
  const { removed, revised } = await propose({ tasks: [task('page', [])], remove: ['db', 'menu'] })
  expect(removed.map(({ key }) => key)).toEqual(['db', 'menu'])
  expect(revised.map(({ key }) => key)).toEqual(['page'])
  expect((await board()).map(({ state }) => state)).toEqual(['dismissed', 'draft', 'dismissed'])
  // What was dropped no longer takes the key.
  expect((await propose({ tasks: [task('db')] })).created.length).toBe(1)
})

test('what is wrong is told with its path, all at once, and nothing is changed', async () => {
  const { engine, store, project, propose, board } = await planning()
  await store.createDrafts(project.id, [draft('mine'), draft('going')])
  const [mine, going] = await board()
  await store.accept(project.id, [going!.id])
  await propose({ tasks: [task('db'), task('old')] })
  await propose({ remove: ['old'] })
  const [, , , old] = await board()
  const before = [await board(), await engine.db.prisma.step.count(), await engine.db.prisma.event.count()]
  const wrong = propose({
    tasks: [
      task('new', ['nobody', 'mine', old!.id, '0199aaaa-0000-7000-8000-000000000000', mine!.id]),
      task('new'),
      task('mine'),
      task('going'),
      task(mine!.id),
      task('db'),
    ],
    remove: ['db', 'mine', 'nothing'],
  })
  expect(await mistakes(wrong)).toEqual({
    'tasks.0.dependsOn.0': '“nobody” is no key of this proposal, and no key or id of a task of the project',
    'tasks.0.dependsOn.2': `“${old!.id}” was dismissed`,
    'tasks.0.dependsOn.3': expect.stringContaining('no key or id of a task'),
    'tasks.1.key': '“new” is also the key of task 0',
    'tasks.2.key': '“mine” is task #1 “mine”, which is a draft that is not yours to change: choose another key',
    'tasks.3.key': '“going” is task #2 “going”, which is queued, so it is no draft any more: choose another key',
    'tasks.4.key': expect.stringContaining('is task #1 “mine”'),
    'tasks.5.key': '“db” is also to be removed',
    'remove.1': '“mine” is no draft that you may drop',
    'remove.2': '“nothing” is no draft that you may drop',
  })
  expect([await board(), await engine.db.prisma.step.count(), await engine.db.prisma.event.count()]).toEqual(before)
})

test('any task of the project can be waited for by its id, or by a key that only it has', async () => {
  const { store, project, propose, board } = await planning()
  await store.createDrafts(project.id, [draft('mine')])
  await store.createDrafts(project.id, [draft('twin')])
  await store.createDrafts(project.id, [draft('twin')])
  const [mine, twin, other] = await board()
  await propose({ tasks: [task('by-key', ['mine']), task('by-id', [mine!.id, twin!.id])] })
  expect((await board()).slice(3).map(({ after }) => after)).toEqual([[mine!.id], [mine!.id, twin!.id]])
  expect(await mistakes(propose({ tasks: [task('unsure', ['twin'])] }))).toEqual({
    'tasks.0.dependsOn.0': `“twin” is the key of several tasks: use the id, ${twin!.id} or ${other!.id}`,
  })
})

test('circles are refused, also through edges that are there already', async () => {
  const { propose, board } = await planning()
  const cycle = { code: 'cycle' }
  await expect(propose({ tasks: [task('a', ['b']), task('b', ['a'])] })).rejects.toMatchObject(cycle)
  await expect(propose({ tasks: [task('a', ['a'])] })).rejects.toMatchObject(cycle)
  await propose({ tasks: [task('a'), task('b', ['a']), task('c', ['b'])] })
  const through = propose({ tasks: [task('a', ['d']), task('d', ['c'])] })
  const told = await through.catch((error: Error) => error.message)
  // Wherever it begins, each of its edges is told.
  for (const edge of ['a → d', 'd → c', 'c → b', 'b → a']) expect(told).toContain(edge)
  expect((await board()).length).toBe(3)
})

test('the key of a task that is done may be used again', async () => {
  const { engine, store, project, propose, board } = await planning()
  const [old] = await store.createDrafts(project.id, [draft('tidy')])
  await engine.db.prisma.task.update({ where: { id: old! }, data: { state: 'done' } })
  await propose({ tasks: [task('tidy'), task('more', ['tidy'])] })
  const [, again, more] = await board()
  expect([again!.key, again!.state, more!.after]).toEqual(['tidy', 'draft', [again!.id]])
})

test('another thread’s drafts are not its to change', async () => {
  const { store, project, propose, turn, board } = await planning()
  await propose({ tasks: [task('db')] })
  const chat = await turn(await store.createThread(project.id, 'chat', 'Other'))
  expect(await mistakes(propose({ tasks: [task('db')], remove: ['db'] }, chat))).toMatchObject({
    'tasks.0.key': expect.stringContaining('not yours to change'),
    'remove.0': expect.any(String),
  })
  await propose({ tasks: [task('page')] }, chat)
  expect((await board()).map(({ proposedInId }) => proposedInId)).toEqual([project.mainThreadId, chat.threadId])
})

test('asked again for the same call it does nothing, and gives the journalled result', async () => {
  const { engine, store, claim, propose, board } = await planning()
  const key = { attempt: 1, iteration: 7, callIndex: 2 }
  const first = store.propose(claim, key, { tasks: [task('db')] }, () => stepWith(key, 'propose_tasks', 'made'))
  expect(await first).toBe('made')
  const again = { tasks: [task('db', [], { plan: 'other' }), task('more')] }
  expect(await store.propose(claim, key, again, () => stepWith(key, 'propose_tasks', 'never'))).toBe('made')
  expect((await board()).map(({ key: name, planVersion }) => [name, planVersion])).toEqual([['db', 1]])
  expect(await engine.db.prisma.step.count()).toBe(1)
  await expect(propose({ tasks: [task('x')] }, { ...claim, epoch: claim.epoch + 1n })).rejects.toMatchObject({
    name: 'Fenced',
  })
})

test('with autoAccept what is proposed starts by itself, in the same transaction', async () => {
  const { engine, propose, board } = await planning({ autoAccept: true })
  const { accepted, created } = await propose({ tasks: [task('db'), task('page', ['db'])] })
  expect(accepted).toBe(true)
  expect((await board()).map(({ state }) => state)).toEqual(['queued', 'queued'])
  expect(await claimed(engine, created[0]!.id)).toMatchObject({ title: 'Title of db' })
})

test('a task of the board cannot propose', async () => {
  const { engine, store, project, propose, board } = await planning()
  const [id] = (await store.createDrafts(project.id, [draft('a')])) as [string]
  await store.accept(project.id, [id])
  const by = await claimed(engine, id)
  await expect(propose({ tasks: [task('x')] }, by)).rejects.toMatchObject({ code: 'illegal_state' })
  expect((await board()).length).toBe(1)
})

test('proposals and people who accept or edit at the same moment leave whole drafts', async () => {
  const { store, project, propose, board } = await planning()
  await propose({ tasks: [task('a'), task('b', ['a'])] })
  const [a, b] = await board()
  const outcomes = await Promise.allSettled([
    propose({ tasks: [task('a', undefined, { plan: 'agent' }), task('b', undefined, { plan: 'agent' })] }),
    store.update(a!.id, { plan: 'person' }),
    store.accept(project.id, [b!.id]),
  ])
  for (const outcome of outcomes) {
    if (outcome.status === 'rejected') expect(outcome.reason).toMatchObject({ name: 'Refused' })
  }
  expect((await board()).find(({ id }) => id === b!.id)).toMatchObject({ state: 'queued', after: [a!.id] })
})
