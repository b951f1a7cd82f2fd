import { expect, test } from 'vitest'
import type { TurnMode } from '../../../../shared/contract/thread.ts'
import { eventually } from '../../../support/eventually.ts'
import { file, plan, say, sh } from '../../../support/runbook.ts'
import { openShop, type Shop } from './support.ts'

const shop = openShop()

/** Says something in a thread and waits until its turn stands in this state; gives the turn. */
async function said(at: Shop, threadId: string, { text, mode, state = 'ready' }: Said) {
  await at.store.postMessage(threadId, text, mode)
  return settled(at, threadId, state)
}
type Said = { text: string; mode?: TurnMode; state?: string }

const settled = (at: Shop, threadId: string, state = 'ready') =>
  eventually(
    async () => {
      const turn = await at.db.prisma.task.findUniqueOrThrow({ where: { threadId } })
      expect({ state: turn.state, failure: turn.failureText }).toMatchObject({ state })
      expect(await at.db.prisma.message.count({ where: { threadId, position: null, readAt: null } })).toBe(0)
      return turn
    },
    { timeoutMs: 120_000 },
  )

const talk = (at: Shop, threadId: string) =>
  at.db.prisma.message.findMany({ where: { threadId }, orderBy: { seq: 'asc' }, select: { role: true, text: true } })

const drafts = (at: Shop, projectId: string) =>
  at.db.prisma.task.findMany({
    where: { projectId, kind: 'board' },
    orderBy: { number: 'asc' },
    include: { prerequisites: { include: { prerequisite: true } } },
  })

const SHOP_PLAN = `## Schema\nTables.\n${sh('echo schema > schema.txt')}\n## Page\nafter: Schema\n${sh('cat schema.txt')}`

test('a turn that plans proposes drafts with their dependencies, and leaves main as it is', async () => {
  const at = shop()
  const project = await at.repository({ 'README.md': '# Shop\n' })
  const before = await at.main(project.id)
  const turn = await said(at, project.mainThreadId, { text: SHOP_PLAN, mode: 'plan' })
  expect(turn).toMatchObject({
    kind: 'turn',
    mode: 'plan',
    number: null,
    headSha: null,
    branch: null,
    title: '## Schema',
  })
  const tasks = await drafts(at, project.id)
  expect(
    tasks.map(({ key, state, number, prerequisites }) => [
      key,
      state,
      number,
      prerequisites.map(({ prerequisite }) => prerequisite.key),
    ]),
  ).toEqual([
    ['schema', 'draft', 1, []],
    ['page', 'draft', 2, ['schema']],
  ])
  const told = await talk(at, project.mainThreadId)
  expect(told.map(({ role }) => role)).toEqual(['user', 'assistant', 'tool', 'assistant'])
  expect(told.at(-1)!.text).toBe('Done, 1 step:\n- proposed 2 tasks: Schema; Page (after schema)')
  expect(await at.main(project.id)).toBe(before)
})

test('the same thread revises its drafts, which stay the same tasks, and drops one', async () => {
  const at = shop()
  const project = await at.repository({ 'README.md': '# Shop\n' })
  await said(at, project.mainThreadId, { text: SHOP_PLAN, mode: 'plan' })
  const [schema] = await drafts(at, project.id)
  await said(at, project.mainThreadId, {
    text: 'remove: Page\n## Schema\nOnly orders.\n## Menu\nafter: schema',
    mode: 'plan',
  })
  const tasks = await drafts(at, project.id)
  expect(tasks.map(({ key, state, plan }) => [key, state, plan])).toEqual([
    ['schema', 'draft', 'Only orders.'],
    ['page', 'dismissed', expect.any(String)],
    ['menu', 'draft', 'Menu'],
  ])
  expect(tasks[0]!.id).toBe(schema!.id)
  expect(tasks[0]!.planVersion).toBe(2)
  const results = await at.db.prisma.step.findMany({
    where: { task: { threadId: project.mainThreadId } },
    orderBy: { at: 'asc' },
  })
  expect(results.at(-1)!.result).toBe(
    [
      `Created:\n- #3 menu: “Menu” (id ${tasks[2]!.id}), after schema`,
      `Revised:\n- #1 schema: “Schema” (id ${schema!.id})`,
      `Removed:\n- #2 page: “Page” (id ${tasks[1]!.id})`,
      'They are drafts: nothing starts before the user has accepted them.',
    ].join('\n\n'),
  )
})

test('a proposal with a circle comes back to the agent, and no draft is made', async () => {
  const at = shop()
  const project = await at.repository({ 'README.md': '# Shop\n' })
  const text = '## A\nafter: B\n## B\nafter: A'
  const turn = await said(at, project.mainThreadId, { text, mode: 'plan', state: 'failed' })
  expect(turn.failureText).toMatch(/propose_tasks failed: nothing was proposed\. .*circle/)
  expect(await drafts(at, project.id)).toEqual([])
  await said(at, project.mainThreadId, { text: '## A\n## B\nafter: A', mode: 'plan' })
  expect(await drafts(at, project.id)).toHaveLength(2)
})

test('words that nothing can be made of end the turn with help', async () => {
  const at = shop()
  const project = await at.repository({ 'README.md': '# Shop\n' })
  const turn = await said(at, project.mainThreadId, { text: 'What next?' })
  expect(turn.output).toMatch(/^I am runbook/)
})

test('a turn that builds puts one checked commit on main, and the next begins on it', async () => {
  const at = shop()
  const project = await at.repository(
    { 'README.md': '# Shop\n' },
    { settings: { checkCommand: 'test -f cart.txt', setupCommand: 'echo ready > /tmp/ready' } },
  )
  const before = await at.main(project.id)
  const text = plan('Add a cart.', file('cart.txt', 'cart'), sh('cat /tmp/ready'), say('The cart is there.'))
  await at.store.postMessage(project.mainThreadId, text)
  const turn = await eventually(
    async () => {
      const row = await settled(at, project.mainThreadId)
      expect(row.mergeSha).not.toBeNull()
      return row
    },
    { timeoutMs: 60_000 },
  )
  expect(turn).toMatchObject({ mode: 'build', checkStatus: 'passed', headSha: null, baseSha: null })
  const main = await at.main(project.id)
  expect(main).toBe(turn.mergeSha)
  expect(await at.changed(project.id, before, main)).toEqual(['+cart.txt'])
  const branches = await at.git.resolve(project.id, 'refs/heads/tasks/0-add-a-cart')
  expect(branches).toBeNull()
  const [merge, commit] = await at.git.log(project.id, { head: main, base: before })
  expect([merge, commit].map(each => each?.subject)).toEqual(['Add a cart.', 'Add a cart.'])

  const next = await said(at, project.mainThreadId, { text: sh('cat cart.txt && git log -1 --format=%H') })
  expect(next.output).toContain('Done, 1 step')
  const steps = await at.db.prisma.step.findMany({ where: { taskId: turn.id }, orderBy: { at: 'asc' } })
  expect(steps.at(-1)!.result).toMatch(new RegExp(`^cart\n${main}\n`))
  expect(await at.main(project.id)).toBe(main)
})

test('a build turn that takes back what it changed leaves main as it is', async () => {
  const at = shop()
  const project = await at.repository({ 'README.md': '# Shop\n' })
  const before = await at.main(project.id)
  await said(at, project.mainThreadId, { text: plan(sh('echo x > new.txt'), sh('rm new.txt')) })
  expect(await at.main(project.id)).toBe(before)
  expect(await at.db.prisma.apply.count({ where: { projectId: project.id } })).toBe(0)
})

test('an agent that asks waits without a container, and goes on with the answer', async () => {
  const at = shop()
  const project = await at.repository({ 'README.md': '# Shop\n' })
  const ask = '```ask\nWhich colour?\n- red\n- blue\n```'
  const text = plan(sh('echo first > first.txt'), ask, sh('cat first.txt'))
  const parked = await said(at, project.mainThreadId, { text, state: 'waiting' })
  expect(parked.waitingFor).toMatchObject({ reason: 'answer' })
  await eventually(async () => expect(await at.sandbox.list()).toEqual([]))
  // The answer is longer in coming than the work log can count.
  const asked = { threadId: project.mainThreadId, role: 'assistant' }
  const createdAt = new Date(Date.now() - 40 * 24 * 3_600_000)
  await at.db.prisma.message.updateMany({ where: asked, data: { createdAt } })
  await at.store.postMessage(project.mainThreadId, 'Blue.', 'build')
  await at.store.postMessage(project.mainThreadId, 'A dark one.', 'build')
  const turn = await settled(at, project.mainThreadId)
  const steps = await at.db.prisma.step.findMany({ where: { taskId: turn.id }, orderBy: [{ iteration: 'asc' }] })
  expect(steps.map(({ tool, result }) => [tool, result.split('\n[exit')[0]])).toEqual([
    ['bash', expect.any(String)],
    ['ask_user', expect.stringMatching(/^The user answered:\nBlue\./)],
    ['bash', 'first'],
  ])
  expect(steps[1]!.ms).toBe(2 ** 31 - 1)
  expect(turn.output).toContain('asked “Which colour?” and was told: The user answered:')
})

test('a question of a turn that was stopped is not answered by the next request', async () => {
  const at = shop()
  const project = await at.repository({ 'README.md': '# Shop\n' })
  await said(at, project.mainThreadId, { text: plan('```ask\nWhich?\n```', sh('echo old')), state: 'waiting' })
  await at.store.stopThread(project.mainThreadId)
  const turn = await said(at, project.mainThreadId, { text: sh('echo new') })
  const steps = await at.db.prisma.step.findMany({
    where: { taskId: turn.id },
    orderBy: [{ attempt: 'asc' }, { iteration: 'asc' }],
  })
  expect(steps.map(({ tool, summary, result }) => [tool, summary, result.split('\n[exit')[0]])).toEqual([
    ['ask_user', 'Which?', expect.stringMatching(/^Error: the run was ended before anybody had answered/)],
    ['bash', 'echo new', 'new'],
  ])
})

test('what a stopped turn has changed is put aside, and does not reach main with the next change', async () => {
  const at = shop()
  const project = await at.repository({ 'README.md': '# Shop\n' })
  const before = await at.main(project.id)
  const asks = plan(sh('echo junk > junk.txt'), '```ask\nGo on?\n```')
  const { headSha } = await said(at, project.mainThreadId, { text: asks, state: 'waiting' })
  expect(headSha).not.toBeNull()
  await at.store.stopThread(project.mainThreadId)
  await said(at, project.mainThreadId, { text: '## Later\nNothing yet.', mode: 'plan' })
  await said(at, project.mainThreadId, { text: sh('echo note > note.txt') })
  expect(await at.changed(project.id, before, await at.main(project.id))).toEqual(['+note.txt'])
  const branch = `put-aside/${headSha!.slice(0, 12)}`
  expect(await at.git.resolve(project.id, `refs/heads/${branch}`)).toBe(headSha)
  const texts = (await talk(at, project.mainThreadId)).map(({ text }) => text)
  expect(texts).toContainEqual(expect.stringContaining('put aside: the next message begins on the newest main'))
  expect(texts).toContainEqual(expect.stringContaining(`on the branch ${branch}.`))
})

test('what a failed turn has changed is kept and said to be, until the thread is stopped', async () => {
  const at = shop()
  const project = await at.repository({ 'README.md': '# Shop\n' })
  const before = await at.main(project.id)
  const broken = plan(sh('echo half > half.txt'), sh('false'))
  await said(at, project.mainThreadId, { text: broken, state: 'failed' })
  expect((await talk(at, project.mainThreadId)).at(-1)?.text).toMatch(
    /could not go on[\s\S]*is kept[\s\S]*Stop the thread/,
  )
  await at.push(project.id, { 'moved.txt': 'moved' })
  await said(at, project.mainThreadId, { text: sh('echo rest > rest.txt; cat moved.txt') })
  expect(await at.changed(project.id, before, await at.main(project.id))).toEqual([
    '+half.txt',
    '+moved.txt',
    '+rest.txt',
  ])

  const pushed = await at.main(project.id)
  await said(at, project.mainThreadId, { text: plan(sh('echo bad > bad.txt'), sh('false')), state: 'failed' })
  await at.store.stopThread(project.mainThreadId)
  await expect(at.store.stopThread(project.mainThreadId)).rejects.toThrow('Nothing runs')
  await said(at, project.mainThreadId, { text: sh('echo good > good.txt') })
  expect(await at.changed(project.id, pushed, await at.main(project.id))).toEqual(['+good.txt'])
})

test('a turn whose change conflicted with main begins on main again, the change put aside', async () => {
  const at = shop()
  const project = await at.repository({ 'wall.txt': 'white\n' })
  await at.store.postMessage(project.mainThreadId, plan(sh('echo blue > wall.txt'), '```ask\nGo on?\n```'), 'build')
  await settled(at, project.mainThreadId, 'waiting')
  await at.push(project.id, { 'wall.txt': 'red\n' })
  const { failureCode, headSha } = await said(at, project.mainThreadId, { text: 'Yes.' })
  expect(failureCode).toBe('merge_conflict')
  const before = await at.main(project.id)
  const next = await said(at, project.mainThreadId, { text: sh('cat wall.txt; echo door > door.txt') })
  expect(next).toMatchObject({ failureCode: null, headSha: null })
  expect(await at.changed(project.id, before, await at.main(project.id))).toEqual(['+door.txt'])
  const branch = `put-aside/${headSha!.slice(0, 12)}`
  expect((await talk(at, project.mainThreadId)).map(({ text }) => text)).toContainEqual(
    expect.stringContaining(`on the branch ${branch}, as it conflicts with the main version in wall.txt`),
  )
})
