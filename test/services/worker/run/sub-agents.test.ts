import { describe, expect, test } from 'vitest'
import { toolsFor } from '../../../../shared/contract/tools.ts'
import { LIMITS } from '../../../../shared/domain/limits.ts'
import { draft } from '../../../support/engine.ts'
import { eventually } from '../../../support/eventually.ts'
import { firstCall } from '../../../support/pipelines.ts'
import { type ScriptedReply, type ScriptedRequest, startProvider } from '../../../support/provider.ts'
import { openShop } from './support.ts'

const model = 'openai-compatible:scripted'
const requests: ScriptedRequest[] = []
/** What the model says, by the first line of what it was first told. */
const scripts = new Map<string, (request: ScriptedRequest) => ScriptedReply | Promise<ScriptedReply>>()

const script = (request: ScriptedRequest) => {
  requests.push(request)
  const [line = ''] = (request.messages[0]?.text ?? '').split('\n', 1)
  return scripts.get(line)?.(request) ?? { text: `did ${line}` }
}

const shop = openShop(async stage => {
  const provider = await startProvider(script)
  stage.onEnd(provider.close)
  return provider.config
})

const call = (name: string, args: unknown): ScriptedReply => ({ calls: [{ name, args }] })
const asked = (line: string) => requests.filter(({ messages }) => messages[0]?.text.split('\n', 1)[0] === line)
/** What the last call came to, as the model read it. */
const lastResult = ({ messages }: Pick<ScriptedRequest, 'messages'>): string =>
  messages.at(-1)?.results.at(-1)?.text ?? ''

/** Sub-agents of that many names, independent of each other. */
const independent = (names: readonly string[]) => names.map(name => ({ name, prompt: `${name} of it` }))

describe('a model', { concurrent: true, timeout: 400_000 }, () => {
  test('that calls parallel reads the picture and all outputs, and its sub-agents have its model and fewer tools', async () => {
    const { accepted, until, db } = shop()
    const args = { tasks: independent(['alpha', 'beta']) }
    scripts.set('use parallel', ({ messages }) =>
      messages.length === 1 ? call('parallel', args) : { text: 'Reported.' },
    )
    const { ids } = await accepted([draft('use parallel', [], { model })], {
      settings: { consultModel: 'runbook:default' },
    })
    expect(await until(ids[0]!, 'ready')).toMatchObject({ output: 'Reported.' })
    const [first, second] = asked('use parallel')
    const told = lastResult(second!)
    expect(told.replaceAll(/\(\d+s\)/g, '(1s)')).toBe(
      `⚡ Pipeline
[✓ alpha]
[✓ beta]

[Output of task "alpha" (1s)]
did alpha of it

[Output of task "beta" (1s)]
did beta of it

There were no changes to merge into your work tree.`,
    )
    const pipeline = await db.prisma.pipeline.findFirstOrThrow({ where: { taskId: ids[0]! } })
    const step = await db.prisma.step.findFirstOrThrow({ where: { taskId: ids[0]!, tool: 'parallel' } })
    // Less what two clocks may differ by.
    expect(step.ms).toBeGreaterThan(pipeline.finishedAt!.getTime() - pipeline.createdAt.getTime() - 20)
    const [child] = asked('alpha of it')
    expect(child!.model).toBe(first!.model)
    const missing = first!.tools.filter(tool => !child!.tools.includes(tool))
    expect(missing.sort()).toEqual(
      ['ask_user', 'consult', 'parallel', 'task', 'tool_create', 'tool_list_custom', 'tool_register'].sort(),
    )
    expect(child!.tools.sort()).toEqual(toolsFor({ kind: 'pipeline', mode: null, consult: true }).sort())
  })

  test('that plays a sub-agent gets none of the tools that it is not offered', async () => {
    const { accepted, until, store } = shop()
    const forbidden = ['parallel', 'task', 'consult', 'ask_user', 'tool_create', 'tool_register', 'tool_list_custom']
    const args = { prompt: 'try everything', question: 'May I?', tasks: independent(['x', 'y']) }
    scripts.set('try everything', ({ messages }) =>
      messages.length === 1 ? { calls: forbidden.map(name => ({ name, args })) } : { text: 'Gave up.' },
    )
    scripts.set('start one', ({ messages }) =>
      messages.length === 1 ? call('task', { prompt: 'try everything' }) : { text: 'Heard.' },
    )
    const { ids } = await accepted([draft('start one', [], { model })])
    const parent = await until(ids[0]!, 'ready')
    const [, second] = asked('try everything')
    const results = second!.messages.at(-1)!.results.map(({ text }) => text)
    expect(results).toHaveLength(forbidden.length)
    for (const text of results) expect(text).toMatch(/^Error: /)
    const { tasks } = (await store.pipelineOf(ids[0]!, firstCall(parent)))!
    expect(tasks).toMatchObject([{ name: 'try everything', state: 'done', output: 'Gave up.' }])
    expect(await shop().db.prisma.task.count({ where: { parentTaskId: tasks[0]!.id } })).toBe(0)
    expect(lastResult(asked('start one')[1]!)).toBe('Gave up.')
  })

  test('that asks for an impossible pipeline is told every limit, nothing starts, and it may correct itself', async () => {
    const { accepted, until, db } = shop()
    const chain = 'abcde'.split('').map((name, n, all) => ({ name, prompt: 'p', depends_on: n ? [all[n - 1]!] : [] }))
    const wrong: [unknown, RegExp][] = [
      [{ tasks: independent(['alone']) }, /this one has 1: do a single task yourself/],
      [{ tasks: independent('abcdefghi'.split('')) }, /this one has 9/],
      [{ tasks: chain }, /may have 4 tasks, this one has 5: "a" then "b" then "c" then "d" then "e"/],
      [
        {
          tasks: [
            { name: 'a', prompt: 'p', depends_on: ['b'] },
            { name: 'b', prompt: 'p', depends_on: ['a'] },
          ],
        },
        /Circular dependency: "a" depends on "b", "b" depends on "a"/,
      ],
      [
        {
          tasks: [
            { name: 'a', prompt: 'p' },
            { name: 'a', prompt: 'p', depends_on: ['z'] },
          ],
        },
        /"a" depends on "z", which is no task of this pipeline[\s\S]*Two tasks have the name "a"|Two tasks have the name "a"[\s\S]*"z", which is no task/,
      ],
      [
        { tasks: [{ name: 'n'.repeat(201), prompt: 'p' }, ...independent(['x'])] },
        /may have 200 characters, this one has 201/,
      ],
      [{ tasks: 'all of them' }, /the arguments of parallel are wrong: tasks: /],
      [{ tasks: [{ name: 'a' }, { name: 'b', prompt: 7 }] }, /tasks\.0\.prompt: .*tasks\.1\.prompt: /],
    ]
    scripts.set('cannot count', ({ messages }) => {
      const turn = (messages.length - 1) / 2
      if (turn < wrong.length) return call('parallel', wrong[turn]![0])
      return turn === wrong.length ? call('parallel', { tasks: independent(['p', 'q']) }) : { text: 'At last.' }
    })
    const { ids } = await accepted([draft('cannot count', [], { model })])
    await until(ids[0]!, 'ready')
    const told = asked('cannot count').slice(1).map(lastResult)
    for (const [index, [, message]] of wrong.entries()) {
      expect(told[index]).toMatch(message)
      expect(told[index]).toMatch(/^Error: .*[cC]orrect/s)
      if (index < 6) expect(told[index]).toMatch(/A pipeline has 2 to 8 tasks, .* at most 4 of them on a chain/)
    }
    expect(told[wrong.length]).toMatch(/^⚡ Pipeline\n/)
    expect(await db.prisma.pipeline.count({ where: { taskId: ids[0]! } })).toBe(1)
    expect(await db.prisma.task.count({ where: { parentTaskId: ids[0]! } })).toBe(2)
  })

  test('that is handed a conflict settles it and goes on', async () => {
    const { accepted, until, git } = shop()
    const write =
      (content: string) =>
      ({ messages }: ScriptedRequest) =>
        messages.length === 1 ? call('write_file', { path: 'wall.txt', content }) : { text: `painted it ${content}` }
    scripts.set('red of it', write('red\n'))
    scripts.set('blue of it', write('blue\n'))
    scripts.set('paint', ({ messages }) => {
      if (messages.length === 1) return call('parallel', { tasks: independent(['red', 'blue']) })
      if (messages.length === 3) return call('read_file', { path: 'wall.txt' })
      return messages.length === 5
        ? call('write_file', { path: 'wall.txt', content: 'purple\n' })
        : { text: 'Mixed them.' }
    })
    const { project, ids } = await accepted([draft('paint', [], { model })], { files: { 'wall.txt': 'white\n' } })
    const parent = await until(ids[0]!, 'ready')
    const [, merged, read] = asked('paint')
    expect(lastResult(merged!)).toMatch(/^Error: The changes of these tasks conflict .*:\n- "blue": wall\.txt\n/)
    expect(lastResult(read!)).toMatch(/<<<<<<< [0-9a-f]{40}\nred\n=======\nblue\n>>>>>>> [0-9a-f]{40}/)
    const { files } = await git.diff(project.id, { base: parent.baseSha!, head: parent.headSha! })
    expect(files.flatMap(({ hunks }) => hunks.flatMap(({ lines }) => lines))).toEqual(['-white', '+purple'])
  })

  test('that hears of a failure reports it or tries again, as it likes', async () => {
    const { accepted, until, db } = shop()
    let tries = 0
    scripts.set('flaky of it', () =>
      ++tries === 1 ? { fault: { status: 400, message: 'no such thing' } } : { text: 'second time lucky' },
    )
    const args = { tasks: independent(['steady', 'flaky']) }
    scripts.set('insist', ({ messages }) =>
      messages.length < 5 ? call('parallel', args) : { text: 'Worked in the end.' },
    )
    const { ids } = await accepted([draft('insist', [], { model })])
    await until(ids[0]!, 'ready')
    const [, failed, worked] = asked('insist')
    expect(lastResult(failed!)).toMatch(
      /^Error: The pipeline stopped, as "flaky" failed\.[\s\S]*✗ flaky \(\d+s\)[\s\S]*no such thing/,
    )
    expect(lastResult(worked!)).toMatch(/^⚡ Pipeline\n[\s\S]*second time lucky/)
    expect(
      (await db.prisma.pipeline.findMany({ where: { taskId: ids[0]! }, orderBy: { id: 'asc' } })).map(
        ({ state }) => state,
      ),
    ).toEqual(['failed', 'done'])
  })

  test('that never stops as a sub-agent is stopped after 60 iterations, whatever the project allows', async () => {
    const { accepted, until, db } = shop()
    let turns = 0
    scripts.set('run for ever', () => call('bash', { command: `echo ${++turns}` }))
    scripts.set('let it run', ({ messages }) =>
      messages.length === 1 ? call('task', { prompt: 'run for ever' }) : { text: 'It was stopped.' },
    )
    const { ids } = await accepted([draft('let it run', [], { model })], { settings: { maxIterations: 100 } })
    await until(ids[0]!, 'ready')
    const child = await db.prisma.task.findFirstOrThrow({ where: { parentTaskId: ids[0]! } })
    expect(child).toMatchObject({ state: 'failed', failureCode: 'iteration_limit', iterations: 60 })
    expect(LIMITS.pipeline.maxIterations).toBe(60)
    expect(lastResult(asked('let it run')[1]!)).toMatch(/^Error: the sub-agent failed\.\n\n.*60 iterations/)
  })

  test('that works as a sub-agent is steered by a message in its thread', async () => {
    const { accepted, until, db, say } = shop()
    const held = Promise.withResolvers<void>()
    const reached = Promise.withResolvers<void>()
    scripts.set('paint the door', async ({ messages }) => {
      if (messages.length > 1) return { text: `as told: ${messages.at(-1)?.text}` }
      reached.resolve()
      await held.promise
      return { text: 'painted' }
    })
    scripts.set('steer', ({ messages }) =>
      messages.length === 1 ? call('task', { prompt: 'paint the door' }) : { text: 'Seen.' },
    )
    const { ids } = await accepted([draft('steer', [], { model })])
    await reached.promise
    const child = await db.prisma.task.findFirstOrThrow({ where: { parentTaskId: ids[0]! } })
    await say(child.id, 'In green.')
    held.resolve()
    await until(ids[0]!, 'ready')
    expect(lastResult(asked('steer')[1]!)).toBe('as told: In green.')
  })

  test('makes several pipelines in one reply one after the other, behind its other calls', async () => {
    const { accepted, until, db, changed } = shop()
    const write = ({ messages }: ScriptedRequest) =>
      messages.length === 1
        ? call('bash', { command: 'ls; echo x > "$(ls | wc -l).txt"' })
        : { text: lastResult({ messages }) }
    scripts.set('count one', write)
    scripts.set('count two', write)
    scripts.set('both', ({ messages }) =>
      messages.length === 1
        ? {
            calls: [
              { name: 'task', args: { prompt: 'count one' } },
              { name: 'task', args: { prompt: 'count two' } },
              { name: 'bash', args: { command: 'echo mine > mine.txt' } },
            ],
          }
        : { text: 'Counted.' },
    )
    const { project, ids } = await accepted([draft('both', [], { model })])
    const parent = await until(ids[0]!, 'ready')
    expect(await changed(project.id, parent.baseSha!, parent.headSha!)).toEqual(['+2.txt', '+3.txt', '+mine.txt'])
    expect(await db.prisma.pipeline.count({ where: { taskId: ids[0]! } })).toBe(2)
    await eventually(async () =>
      expect(await db.prisma.task.count({ where: { parentTaskId: ids[0]!, state: 'done' } })).toBe(2),
    )
  })
})
