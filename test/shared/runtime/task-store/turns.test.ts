import { expect, test } from 'vitest'
import { draft, startEngine } from '../../../support/engine.ts'
import { claimAs, claimed, iterate, sha, work } from '../../../support/runs.ts'
import { answerTurn, claimThread, eventsOf, lineOf, messagesIn, stepWith, turnOf } from '../../../support/threads.ts'

async function talking({ plan = 'pro' } = {}) {
  const engine = await startEngine()
  const { store } = engine
  const project = await engine.project({ plan })
  const main = project.mainThreadId
  const row = () => turnOf(engine, main)
  const said = async () => (await messagesIn(engine, main)).map(({ role, text }) => `${role}: ${text}`)
  return { engine, store, project, main, row, said }
}

test('the first message starts the thread’s turn, which is no task of the board', async () => {
  const { engine, store, project, main, row } = await talking()
  await store.postMessage(main, '  Build a harbour\nwith a crane')
  expect(await row()).toMatchObject({
    kind: 'turn',
    state: 'queued',
    mode: 'build',
    title: 'Build a harbour',
    number: null,
    attempt: 1,
    projectId: project.id,
  })
  expect(await eventsOf(engine, main)).toEqual(['message.created', 'turn.queued'])
  expect(await engine.db.prisma.event.count({ where: { taskId: { not: null } } })).toBe(0)
  expect(await store.accept(project.id)).toEqual([])
  await expect(store.accept(project.id, [(await row()).id])).rejects.toMatchObject({ code: 'not_found' })
})

test('two first messages at once make one turn, which reads both', async () => {
  const { engine, store, main } = await talking()
  await Promise.all(['a', 'b', 'c', 'd'].map(text => store.postMessage(main, text)))
  expect(await engine.db.prisma.task.count()).toBe(1)
  const { read } = await answerTurn(store, await claimThread(engine, main))
  expect(read.toSorted()).toEqual(['a', 'b', 'c', 'd'])
})

test('a turn takes no slot, and gives none to others', async () => {
  const { engine, store, project, main } = await talking({ plan: '1' })
  const ids = await store.createDrafts(project.id, [draft('a'), draft('b')])
  await store.accept(project.id)
  await claimed(engine, ids[0]!)
  expect(await claimAs(engine, ids[1]!, 'w')).toMatchObject({ reason: 'slot' })
  await store.postMessage(main, 'and now?')
  const turn = await claimThread(engine, main)
  expect(await claimAs(engine, ids[1]!, 'w')).toMatchObject({ kind: 'refused' })
  await answerTurn(store, turn)
  expect(await claimAs(engine, ids[1]!, 'w')).toMatchObject({ kind: 'refused' })
})

test('a turn runs with the model that its project has when it starts', async () => {
  const { engine, store, project, main, row } = await talking()
  await store.postMessage(main, 'one')
  await answerTurn(store, await claimThread(engine, main))
  const { settings } = await engine.db.prisma.project.findUniqueOrThrow({ where: { id: project.id } })
  const other = { ...(settings as object), model: 'other:model' }
  await engine.db.prisma.project.update({ where: { id: project.id }, data: { settings: other } })
  await store.postMessage(main, 'two')
  expect(await row()).toMatchObject({ model: 'other:model', title: 'two', attempt: 2 })
})

test('the next run of a turn knows the whole conversation', async () => {
  const { engine, store, main } = await talking()
  await store.postMessage(main, 'one')
  await answerTurn(store, await claimThread(engine, main))
  await store.postMessage(main, 'two')
  const claim = await claimThread(engine, main)
  await store.readMessages(claim)
  const { history, iteration } = await store.load(claim)
  expect(history.map(message => (message.role === 'tool' ? '' : message.text))).toEqual(['one', 'Done.', 'two'])
  expect(iteration).toBe(0)
})

test('a message of its mode keeps a turn from ending until it has read it', async () => {
  const { engine, store, main, row } = await talking()
  await store.postMessage(main, 'one')
  const claim = await claimThread(engine, main)
  expect((await store.readMessages(claim)).length).toBe(1)
  await store.postMessage(main, 'wait, also this')
  expect(await store.endTurn(claim, { headSha: null, output: 'Done.' })).toBe(false)
  expect(await store.readMessages(claim)).toEqual([{ role: 'user', text: 'wait, also this' }])
  expect(await store.endTurn(claim, { headSha: null, output: 'Done.' })).toBe(true)
  expect(await row()).toMatchObject({ state: 'ready', output: 'Done.', baseSha: null, headSha: null })
})

test('messages of another mode wait for turns of their own, each started with the end of the one before', async () => {
  const { engine, store, main, row } = await talking()
  const said = [
    ['b1', 'build'],
    ['p1', 'plan'],
    ['p2', 'plan'],
    ['b2', 'build'],
  ] as const
  for (const [text, mode] of said) await store.postMessage(main, text, mode)
  const reads = []
  for (const mode of ['build', 'plan', 'build'] as const) {
    const claim = await claimThread(engine, main)
    expect(claim.mode).toBe(mode)
    const { read, ended } = await answerTurn(store, claim)
    reads.push(read)
    expect(ended).toBe(true)
    expect((await row()).state).toBe(reads.length < 3 ? 'queued' : 'ready')
  }
  expect(reads).toEqual([['b1'], ['p1', 'p2'], ['b2']])
  expect((await row()).title).toBe('b2')
})

test('what a build turn has changed goes to main by itself, and the next one begins there', async () => {
  const { engine, store, project, main, row, said } = await talking()
  await store.postMessage(main, 'build it')
  const claim = await claimThread(engine, main)
  expect(await answerTurn(store, claim, sha('2'))).toMatchObject({ ended: true })
  expect(await row()).toMatchObject({ state: 'applying', baseSha: sha('1'), headSha: sha('2') })
  await expect(store.stopThread(main)).rejects.toMatchObject({ message: expect.stringContaining('applying') })

  const fence = await lineOf(store, project.id)
  const apply = (await store.nextApply(fence))!
  expect(apply).toMatchObject({ kind: 'turn', number: null, title: 'build it', headSha: sha('2'), output: 'Done.' })
  await store.applied(fence, apply, { mergeSha: sha('4'), headSha: sha('4') })
  expect(await row()).toMatchObject({ state: 'ready', mergeSha: sha('4'), baseSha: null, headSha: null })
  expect((await said()).at(-1)).toBe('system: What you built is part of the main version now (4444444444).')
  expect(await store.nextApply(fence)).toBeNull()
  const head = await engine.db.prisma.project.findUniqueOrThrow({ where: { id: project.id } })
  expect(head.headSha).toBe(sha('4'))
  expect((await eventsOf(engine, main)).filter(type => type.startsWith('turn.'))).toEqual([
    'turn.queued',
    'turn.active',
    'turn.iteration',
    'turn.ready',
    'turn.applying',
    'turn.apply',
    'turn.ready',
  ])
})

test('what is said while a turn’s work becomes part of main starts the next one after it', async () => {
  const { engine, store, project, main, row } = await talking()
  await store.postMessage(main, 'build it')
  await answerTurn(store, await claimThread(engine, main), sha('2'))
  await store.postMessage(main, 'and then?', 'plan')
  expect((await row()).state).toBe('applying')
  const fence = await lineOf(store, project.id)
  await store.applied(fence, (await store.nextApply(fence))!, { mergeSha: sha('4'), headSha: sha('4') })
  expect(await row()).toMatchObject({ state: 'queued', mode: 'plan', baseSha: null, attempt: 2 })
  expect((await answerTurn(store, await claimThread(engine, main))).read).toEqual(['and then?'])
})

test('work that main refuses comes back with the reason, and the next build turn goes on with it', async () => {
  const { engine, store, project, main, row, said } = await talking()
  await store.postMessage(main, 'build it')
  await answerTurn(store, await claimThread(engine, main), sha('2'))
  await store.postMessage(main, 'meanwhile', 'plan')
  const fence = await lineOf(store, project.id)
  const failure = { code: 'merge_conflict', message: 'It conflicts in a.txt.' }
  await store.returnToReady(fence, (await store.nextApply(fence))!, failure)
  expect((await said()).at(-1)).toBe('system: It conflicts in a.txt.')
  expect(await row()).toMatchObject({ state: 'queued', mode: 'plan', headSha: sha('2') })
  await answerTurn(store, await claimThread(engine, main))
  expect(await row()).toMatchObject({ state: 'ready', baseSha: sha('1'), headSha: sha('2') })
  await store.postMessage(main, 'settle it')
  expect(await claimThread(engine, main)).toMatchObject({ mode: 'build', baseSha: sha('1'), headSha: sha('2') })
})

test('a turn that plans leaves no work behind, whatever its run says', async () => {
  const { engine, store, main, row } = await talking()
  await store.postMessage(main, 'plan it', 'plan')
  await answerTurn(store, await claimThread(engine, main), sha('6'))
  expect(await row()).toMatchObject({ state: 'ready', baseSha: null, headSha: null })
  expect(await engine.db.prisma.apply.count()).toBe(0)
})

test('a failed turn says why, and the next message starts it again with all that is unread', async () => {
  const { engine, store, main, row, said } = await talking()
  await store.postMessage(main, 'one')
  const claim = await claimThread(engine, main)
  await store.open(claim, { baseSha: sha('1'), prompt: null })
  await store.readMessages(claim)
  await iterate(store, claim, 1)
  await store.postMessage(main, 'two')
  await store.fail(claim, { code: 'model_refused', message: 'No such model.' })
  expect(await row()).toMatchObject({ state: 'failed', failureCode: 'model_refused' })
  expect((await said()).at(-1)).toMatch(
    /^system: The agent could not go on: No such model\.\n\nWhat it has changed so far is kept/,
  )
  await store.postMessage(main, 'three')
  const next = await claimThread(engine, main)
  expect(next).toMatchObject({ attempt: 2, baseSha: sha('1') })
  expect(next.headSha).not.toBeNull()
  expect((await answerTurn(store, next)).read).toEqual(['two', 'three'])
  // Nothing may stand between a call and its result.
  const shown = await messagesIn(engine, main)
  expect(shown.find(({ role }) => role === 'system')).toMatchObject({ position: null, readAt: expect.any(Date) })
})

test('what waits in another mode has its turn after one that failed; it fails once, not for ever', async () => {
  const { engine, store, main, row } = await talking()
  await store.postMessage(main, 'plan it', 'plan')
  await store.postMessage(main, 'build it')
  await store.fail(await claimThread(engine, main), { code: 'x', message: 'x' })
  // The plan was never read, so it is still first, and in the mode that has failed.
  expect((await row()).state).toBe('failed')
  await store.postMessage(main, 'again', 'plan')
  const claim = await claimThread(engine, main)
  await store.readMessages(claim)
  await store.fail(claim, { code: 'x', message: 'x' })
  expect(await row()).toMatchObject({ state: 'queued', mode: 'build', failureCode: null })
  await store.fail(await claimThread(engine, main), { code: 'x', message: 'x' })
  expect((await row()).state).toBe('failed')
})

test('stopping a thread cancels its turn, and a late write of the run is refused', async () => {
  const { engine, store, main, row } = await talking()
  await expect(store.stopThread(main)).rejects.toMatchObject({ code: 'illegal_state' })
  await store.postMessage(main, 'one')
  await store.stopThread(main)
  expect((await row()).state).toBe('cancelled')
  await expect(store.stopThread(main)).rejects.toMatchObject({ message: expect.stringContaining('cancelled') })
  await store.postMessage(main, 'two')
  const claim = await claimThread(engine, main)
  await store.stopThread(main)
  await expect(store.endTurn(claim, { headSha: null, output: '' })).rejects.toMatchObject({ name: 'Fenced' })
  await store.postMessage(main, 'three')
  expect((await answerTurn(store, await claimThread(engine, main))).read).toEqual(['one', 'two', 'three'])
})

test('a task’s thread is not stopped, and its run does not end as a turn', async () => {
  const { engine, store, project } = await talking()
  const [id] = (await store.createDrafts(project.id, [draft('a')])) as [string]
  await store.accept(project.id)
  const claim = await claimed(engine, id)
  await expect(store.stopThread(claim.threadId)).rejects.toMatchObject({ code: 'illegal_state' })
  await expect(store.endTurn(claim, { headSha: null, output: '' })).rejects.toThrow('is no turn')
  await work(store)(claim)
})

test('an answer is taken in the mode of who asked, once, and has no place in the history', async () => {
  const { engine, store, main, row } = await talking()
  await store.postMessage(main, 'plan it', 'plan')
  const claim = await claimThread(engine, main)
  await store.open(claim, { baseSha: sha('1'), prompt: null })
  await store.readMessages(claim)
  const usage = { inputTokens: 1, outputTokens: 1 }
  const call = { id: 'q', name: 'ask_user', args: { question: 'Which harbour?' } }
  await store.storeReply(claim, 1, { text: '', calls: [call], usage }, 0)
  const key = { attempt: 1, iteration: 1, callIndex: 0 }
  const step = (answers: string[]) => stepWith(key, 'ask_user', answers.join('|'))
  expect(await store.readAnswer(claim, key, step)).toBeNull()
  await store.park(claim, { reason: 'answer', waitingOn: [] })
  expect((await row()).state).toBe('waiting')

  await store.postMessage(main, 'The small one', 'build')
  expect(await row()).toMatchObject({ state: 'queued', mode: 'plan', attempt: 1 })
  const heir = await claimThread(engine, main)
  expect(await store.readAnswer(heir, key, step)).toBe('The small one')
  expect(await store.readAnswer(heir, key, () => stepWith(key, 'ask_user', 'never'))).toBe('The small one')
  expect((await store.load(heir)).open).toMatchObject({ journal: [{ callIndex: 0, result: 'The small one' }] })
  expect(await store.readMessages(heir)).toEqual([])
  const answer = (await messagesIn(engine, main)).at(-1)
  expect(answer).toMatchObject({ mode: 'plan', position: null, readAt: expect.any(Date) })
})

test('a request to revise drafts is no answer: the turn waits on, and reads it when it goes on', async () => {
  const { engine, store, project, main, row } = await talking()
  await store.createDrafts(project.id, [draft('a')])
  await store.postMessage(main, 'plan it', 'plan')
  const claim = await claimThread(engine, main)
  await store.readMessages(claim)
  await store.revise(project.id, { instruction: 'Smaller.' })
  await store.park(claim, { reason: 'answer', waitingOn: [] })
  expect((await row()).state).toBe('waiting')
  await store.revise(project.id, { instruction: 'Larger.' })
  expect((await row()).state).toBe('waiting')
  await store.postMessage(main, 'yes')
  const heir = await claimThread(engine, main)
  const key = { attempt: 1, iteration: 1, callIndex: 0 }
  expect(await store.readAnswer(heir, key, answers => stepWith(key, 'ask_user', answers.join('|')))).toBe('yes')
  expect((await store.readMessages(heir)).length).toBe(2)
})

test('what was said before a question is no answer to it, and steers the agent after it', async () => {
  const { engine, store, main, row } = await talking()
  await store.postMessage(main, 'plan it', 'plan')
  const claim = await claimThread(engine, main)
  await store.readMessages(claim)
  await store.postMessage(main, 'By the way: tabs', 'plan')
  const call = { id: 'q', name: 'ask_user', args: { question: 'Which harbour?' } }
  await store.storeReply(claim, 1, { text: '', calls: [call], usage: { inputTokens: 1, outputTokens: 1 } }, 0)
  const key = { attempt: 1, iteration: 1, callIndex: 0 }
  const step = (answers: string[]) => stepWith(key, 'ask_user', answers.join('|'))
  expect(await store.readAnswer(claim, key, step)).toBeNull()
  await store.park(claim, { reason: 'answer', waitingOn: [] })
  expect((await row()).state).toBe('waiting')
  await store.postMessage(main, 'The small one', 'plan')
  const heir = await claimThread(engine, main)
  expect(await store.readAnswer(heir, key, step)).toBe('The small one')
  expect((await store.readMessages(heir)).map(message => 'text' in message && message.text)).toEqual([
    'By the way: tabs',
  ])
})

test('a turn is called by the first line that says something', async () => {
  const { store, main, row } = await talking()
  await store.postMessage(main, '\n```sh\necho x > y\n```')
  expect((await row()).title).toBe('echo x > y')
})
