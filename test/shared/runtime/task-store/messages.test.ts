import { setTimeout as pause } from 'node:timers/promises'
import { expect, test } from 'vitest'
import { Refused } from '../../../../shared/runtime/refused.ts'
import type { Claim, TaskStore, TurnMode } from '../../../../shared/runtime/task-store/index.ts'
import { draft, type Engine, startEngine } from '../../../support/engine.ts'
import { eventually } from '../../../support/eventually.ts'
import { claimed, sha, work } from '../../../support/runs.ts'
import { isSoak, random, scale, seed } from '../../../support/scale.ts'
import { answerTurn, claimThread, eventsOf, lineOf, messagesIn, turnOf } from '../../../support/threads.ts'

async function talking() {
  const engine = await startEngine()
  const { store } = engine
  const project = await engine.project()
  const main = project.mainThreadId
  const [taskId] = (await store.createDrafts(project.id, [draft('a')])) as [string]
  await store.accept(project.id)
  const { threadId } = await engine.db.prisma.task.findUniqueOrThrow({ where: { id: taskId } })
  const row = () => engine.db.prisma.task.findUniqueOrThrow({ where: { id: taskId } })
  return { engine, store, project, main, taskId, threadId, row }
}

const illegal = { code: 'illegal_state' }

/** The change of a message was refused, as it should be once the message was read. */
const tooLate = (error: Refused): false => {
  expect(error).toMatchObject(illegal)
  return false
}

test('an unread message is changed and taken back, in threads of tasks as in others', async () => {
  const { engine, store, main, threadId, taskId } = await talking()
  for (const thread of [main, threadId]) {
    const first = await store.postMessage(thread, 'frist')
    const second = await store.postMessage(thread, 'second')
    await store.editMessage(thread, first, 'first')
    await store.deleteMessage(thread, second)
    expect((await messagesIn(engine, thread)).map(({ text }) => text)).toEqual(['first'])
    expect((await eventsOf(engine, thread)).filter(type => type.startsWith('message.'))).toEqual([
      'message.created',
      'message.created',
      'message.updated',
      'message.deleted',
    ])
  }
  expect((await turnOf(engine, main)).title).toBe('first')
  const told = await engine.db.prisma.event.findMany({ where: { type: 'message.updated' }, orderBy: { seq: 'asc' } })
  expect(told.map(event => event.taskId)).toEqual([null, taskId])
})

test('a message that was read stays as it is, and says so', async () => {
  const { engine, store, main } = await talking()
  const id = await store.postMessage(main, 'one')
  const claim = await claimThread(engine, main)
  await store.readMessages(claim)
  const refused = { ...illegal, message: expect.stringContaining('read already') }
  await expect(store.editMessage(main, id, 'other')).rejects.toMatchObject(refused)
  await expect(store.deleteMessage(main, id)).rejects.toMatchObject(refused)
  expect((await messagesIn(engine, main)).map(({ text }) => text)).toEqual(['one'])
})

test('only messages of people, of that very thread, can be changed', async () => {
  const { engine, store, main, taskId, threadId } = await talking()
  await store.cancel(taskId)
  await store.retry(taskId)
  const [system] = await messagesIn(engine, threadId)
  expect(system).toMatchObject({ role: 'system', readAt: null })
  await expect(store.editMessage(threadId, system!.id, 'x')).rejects.toMatchObject(illegal)
  await expect(store.deleteMessage(threadId, system!.id)).rejects.toMatchObject(illegal)
  const id = await store.postMessage(main, 'one')
  await expect(store.deleteMessage(threadId, id)).rejects.toMatchObject({ code: 'not_found' })
  await expect(store.editMessage(main, taskId, 'x')).rejects.toMatchObject({ code: 'not_found' })
  await expect(store.editMessage(taskId, id, 'x')).rejects.toMatchObject({ code: 'not_found' })
})

test('a turn whose only message was taken back ends without having read anything', async () => {
  const { engine, store, main } = await talking()
  const id = await store.postMessage(main, 'one')
  await store.deleteMessage(main, id)
  const claim = await claimThread(engine, main)
  await store.open(claim, { baseSha: sha('1'), prompt: null })
  expect(await store.readMessages(claim)).toEqual([])
  expect(await store.load(claim)).toMatchObject({ history: [], open: null })
  expect(await store.endTurn(claim, { headSha: null, output: '' })).toBe(true)
})

test('nobody would read a message to a dismissed task, so it is refused', async () => {
  const { engine, store, taskId, threadId } = await talking()
  await store.cancel(taskId)
  await store.dismiss(taskId)
  await expect(store.postMessage(threadId, 'x')).rejects.toMatchObject({
    ...illegal,
    message: expect.stringContaining('dismissed'),
  })
  expect(await messagesIn(engine, threadId)).toEqual([])
})

test('a sub-agent’s task takes messages while it runs, and none once it has ended', async () => {
  const { engine, store, taskId } = await talking()
  const key = { attempt: 1, iteration: 1, callIndex: 0 }
  const tasks = ['one', 'two'].map(name => ({ name, prompt: name, dependsOn: [] }))
  await store.startPipeline(await claimed(engine, taskId), key, { tasks, baseSha: sha('1') })
  const [one, two] = await engine.db.prisma.task.findMany({ where: { kind: 'pipeline' }, orderBy: { title: 'asc' } })
  const claim = await claimed(engine, one!.id)
  await store.postMessage(one!.threadId, 'steer')
  expect(await store.readMessages(claim)).toEqual([{ role: 'user', text: 'steer' }])
  await store.childDone(claim, { headSha: sha('2'), output: '' })
  await store.fail(await claimed(engine, two!.id), { code: 'x', message: 'x' })
  for (const { threadId } of [one!, two!]) {
    await expect(store.postMessage(threadId, 'late')).rejects.toMatchObject(illegal)
  }
  expect(await engine.db.prisma.task.count({ where: { followsId: { not: null } } })).toBe(0)
})

test('a message to a task that is being applied waits, and starts it again if main refuses it', async () => {
  const { engine, store, project, taskId, threadId, row } = await talking()
  await work(store)(await claimed(engine, taskId))
  await store.requestApply(taskId)
  await store.postMessage(threadId, 'one more thing')
  expect((await row()).state).toBe('applying')
  const fence = await lineOf(store, project.id)
  await store.returnToReady(fence, (await store.nextApply(fence))!, { code: 'merge_conflict', message: 'Conflict.' })
  expect(await row()).toMatchObject({ state: 'queued', attempt: 2 })
  expect(await store.readMessages(await claimed(engine, taskId))).toEqual([{ role: 'user', text: 'one more thing' }])
})

test('a message to a task that is being applied becomes a follow-up once it is part of main', async () => {
  const { engine, store, project, taskId, threadId, row } = await talking()
  await work(store)(await claimed(engine, taskId))
  await store.requestApply(taskId)
  await store.postMessage(threadId, 'one more thing')
  await store.postMessage(threadId, 'and another')
  const fence = await lineOf(store, project.id)
  await store.applied(fence, (await store.nextApply(fence))!, { mergeSha: sha('4'), headSha: sha('4') })
  expect((await row()).state).toBe('done')
  const next = await engine.db.prisma.task.findFirstOrThrow({ where: { followsId: taskId } })
  expect(next).toMatchObject({
    state: 'queued',
    title: 'Follow-up: one more thing',
    plan: 'one more thing\n\nand another',
  })
  const said = (await messagesIn(engine, threadId)).filter(({ role }) => role === 'user' || role === 'system')
  expect(said.every(({ readAt }) => readAt !== null)).toBe(true)
  expect(said.at(-1)).toMatchObject({ parts: [{ type: 'task', taskId: next.id, title: next.title }] })
})

/** A run that reads now and then, as an agent does between its replies, and notes what it was told. */
const reader = (engine: Engine, told: Map<string, string[]>, next: () => number) => {
  const { store } = engine
  const read = async (claim: Claim) => {
    const heard = told.get(claim.threadId) ?? []
    told.set(claim.threadId, heard)
    for (const message of await store.readMessages(claim)) if (message.role === 'user') heard.push(message.text)
  }
  return async (claim: Claim, signal: AbortSignal): Promise<void> => {
    await store.open(claim, { baseSha: sha('1'), prompt: null })
    for (;;) {
      for (let steps = Math.floor(next() * 3); steps >= 0; steps--) {
        signal.throwIfAborted()
        await read(claim)
        await pause(next() * 5)
      }
      const ended =
        claim.kind === 'turn'
          ? await store.endTurn(claim, { headSha: null, output: '' })
          : await store.ready(claim, { headSha: sha('2'), branch: `tasks/${claim.number}`, output: '' })
      if (ended) return
    }
  }
}

/** One who talks in a thread, changes words and takes some back; gives what should have been heard. */
async function talker(store: TaskStore, threadId: string, count: number, next: () => number): Promise<void> {
  const posted: string[] = []
  for (let n = 0; n < count; n++) {
    await pause(next() * 20)
    const mode: TurnMode = next() < 0.3 ? 'plan' : 'build'
    posted.push(await store.postMessage(threadId, `${n}`, mode))
    // Mostly the newest, which is likely to be unread still.
    const some = next() < 0.7 ? posted.at(-1)! : posted[Math.floor(next() * posted.length)]!
    const late = (error: unknown) => {
      if (!(error instanceof Refused)) throw error
    }
    const fate = next()
    if (fate < 0.3) await store.editMessage(threadId, some, `edited ${n}`).catch(late)
    else if (fate < 0.5) await store.deleteMessage(threadId, some).catch(late)
  }
}

test(`${scale(100)} threads steered at random moments: each message is read exactly once, in order`, async () => {
  const threads = scale(100)
  const from = seed()
  const next = random(from)
  const engine = await startEngine()
  const { store } = engine
  const project = await engine.project({ plan: '1000' })
  const half = Math.floor(threads / 2)
  const keys = Array.from({ length: half }, (_, n) => `t${n}`)
  const taskIds =
    half === 0
      ? []
      : await store.createDrafts(
          project.id,
          keys.map(key => draft(key)),
        )
  const tasks = await engine.db.prisma.task.findMany({ where: { id: { in: taskIds } } })
  const chats = await Promise.all(
    Array.from({ length: threads - half }, (_, n) => store.createThread(project.id, 'chat', `c${n}`)),
  )
  await store.accept(project.id)
  const told = new Map<string, string[]>()
  for (const name of ['one', 'two']) {
    await engine.startWorker(reader(engine, told, next), { name, concurrency: 20 })
  }
  const all = [...tasks.map(({ threadId }) => threadId), ...chats]
  await Promise.all(all.flatMap(thread => [talker(store, thread, 6, next), talker(store, thread, 6, next)]))
  await eventually(
    async () => {
      const open = { state: { notIn: ['ready'] } }
      expect(await engine.db.prisma.task.count({ where: open })).toBe(0)
    },
    { timeoutMs: isSoak ? 15 * 60_000 : 50_000 },
  )
  let deleted = 0
  let edited = 0
  for (const thread of all) {
    const messages = (await messagesIn(engine, thread)).filter(({ role }) => role === 'user')
    expect({ from, heard: told.get(thread) ?? [] }).toEqual({ from, heard: messages.map(({ text }) => text) })
    expect(messages.every(({ readAt }) => readAt !== null)).toBe(true)
    const places = messages.map(({ position }) => position!)
    expect(places).toEqual(places.toSorted((a, b) => a - b))
    deleted += 12 - messages.length
    edited += messages.filter(({ text }) => text.startsWith('edited')).length
  }
  // The faults have struck.
  expect([deleted > 0, edited > 0]).toEqual([true, true])
  expect(await engine.db.prisma.task.count({ where: { attempt: { gt: 1 } } })).toBeGreaterThan(0)
})

test('a reader and one who takes the message back at the same moment: one of them has it', async () => {
  const { engine, store, main } = await talking()
  let read = 0
  const rounds = scale(200)
  for (let round = 0; round < rounds; round++) {
    const id = await store.postMessage(main, `${round}`)
    const claim = await claimThread(engine, main)
    const [heard, gone] = await Promise.all([
      store.readMessages(claim),
      store.deleteMessage(main, id).then(() => true, tooLate),
    ])
    expect(heard.length).toBe(gone ? 0 : 1)
    read += heard.length
    expect(await store.endTurn(claim, { headSha: null, output: '' })).toBe(true)
  }
  expect((await messagesIn(engine, main)).length).toBe(read)
})

test('a message is heard as it was changed, or the change is refused', async () => {
  const { engine, store, main } = await talking()
  for (let round = 0; round < scale(200); round++) {
    const id = await store.postMessage(main, 'before')
    const claim = await claimThread(engine, main)
    const [heard, changed] = await Promise.all([
      store.readMessages(claim),
      store.editMessage(main, id, 'after').then(() => true, tooLate),
    ])
    expect(heard).toEqual([{ role: 'user', text: changed ? 'after' : 'before' }])
    await store.endTurn(claim, { headSha: null, output: '' })
  }
  expect((await answerTurn(store, await nextTurn())).ended).toBe(true)

  async function nextTurn() {
    await store.postMessage(main, 'last')
    return claimThread(engine, main)
  }
})
