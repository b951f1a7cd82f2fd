import { expect, test } from 'vitest'
import type { Delta } from '../../../../shared/contract/event.ts'
import type { ProjectSettings } from '../../../../shared/contract/project.ts'
import { createHintListener } from '../../../../shared/runtime/hints.ts'
import { connectRedis } from '../../../../shared/runtime/redis.ts'
import { draft } from '../../../support/engine.ts'
import { eventually } from '../../../support/eventually.ts'
import { startProvider } from '../../../support/provider.ts'
import { testStage } from '../../../support/servers.ts'
import { openShop } from './support.ts'

const model = 'openai-compatible:scripted'

const shop = openShop(async stage => {
  const provider = await startProvider(async ({ messages }) =>
    messages.some(({ role }) => role === 'tool')
      ? { text: 'It printed two lines.' }
      : { text: 'I look around.', calls: [{ name: 'bash', args: { command: 'echo one; echo two' } }] },
  )
  stage.onEnd(provider.close)
  return provider.config
})

/** A project, and what is shown live of it; `all` waits for what is under way. */
async function watched(settings: Partial<ProjectSettings> = {}) {
  const { repository, names, redisUrl, log, runDeps } = shop()
  const listener = createHintListener({ redis: connectRedis(redisUrl, { log }), log })
  testStage().onEnd(() => listener.close())
  const deltas: Delta[] = []
  const project = await repository({ 'README.md': '# Test\n' }, { settings: { model, ...settings } })
  listener.listen(names.channels.project(project.id), message => {
    const { delta } = message as { delta?: Delta }
    if (delta) deltas.push(delta)
  })
  async function all(): Promise<Delta[]> {
    const end = { threadId: project.mainThreadId, messageId: 'end', text: '' }
    runDeps.hints.delta(project.id, end)
    await eventually(() => expect(deltas.at(-1)).toEqual(end))
    return deltas.slice(0, -1)
  }
  return { project, all }
}

test('what is shown while it is written carries the id of the message that it becomes', async () => {
  const { store, until, db } = shop()
  const { project, all } = await watched()
  const [id] = await store.createDrafts(project.id, [draft('look')])
  await store.accept(project.id)
  const { threadId } = await until(id!, 'ready')

  const stored = await db.prisma.message.findMany({ where: { threadId }, orderBy: { seq: 'asc' } })
  const deltas = await all()
  const shown = ({ id }: { id: string }) => deltas.filter(({ messageId }) => messageId === id)
  const text = (message: { id: string }) =>
    shown(message)
      .map(({ text }) => text)
      .join('')
  const [, first, results, last] = stored
  expect([first, last].map(message => text(message!))).toEqual([first!.text, 'It printed two lines.'])
  expect(text(results!)).toBe('one\ntwo\n')
  expect(shown(results!).every(({ output }) => output)).toBe(true)
  expect(deltas.every(({ messageId }) => stored.some(({ id }) => id === messageId))).toBe(true)
})

const printed = (deltas: readonly Delta[]) => deltas.flatMap(({ output, text }) => (output ? [text] : [])).join('')

test('what set-up and checks print is not shown as the output of a call', async () => {
  const { store, until, db } = shop()
  const { project, all } = await watched({ setupCommand: 'echo set up', checkCommand: 'echo checked; false' })
  const [id] = await store.createDrafts(project.id, [draft('check', [], { plan: 'Change a file.' })])
  await store.accept(project.id)
  await until(id!, 'ready')
  expect(printed(await all())).toBe('one\ntwo\n')
  expect(await db.prisma.check.count({ where: { taskId: id! } })).toBeGreaterThan(0)
})

test('what a planner is told of the project is not shown as the output of a call', async () => {
  const { store, db } = shop()
  const { project, all } = await watched()
  await store.postMessage(project.mainThreadId, 'What would you do next?', 'plan')
  await eventually(async () => {
    const turn = await db.prisma.task.findUniqueOrThrow({ where: { threadId: project.mainThreadId } })
    expect(turn.state).toBe('ready')
  })
  const deltas = await all()
  expect(deltas.map(({ text }) => text).join('')).toContain('It printed two lines.')
  expect(printed(deltas)).not.toContain('README.md')
})
