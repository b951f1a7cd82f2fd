import { describe, expect, test } from 'vitest'
import { draft } from '../../../support/engine.ts'
import { eventually } from '../../../support/eventually.ts'
import { type ScriptedReply, type ScriptedRequest, startProvider } from '../../../support/provider.ts'
import { file, plan, say, sh } from '../../../support/runbook.ts'
import { openShop } from './support.ts'

const model = 'openai-compatible:scripted'
const held = Promise.withResolvers<void>()
const asked = Promise.withResolvers<void>()
const requests: ScriptedRequest[] = []

/** Takes its first turn only when it is let; then does as it is told. */
async function script(request: ScriptedRequest): Promise<ScriptedReply> {
  requests.push(request)
  if (requests.length > 1) return { text: 'Did as told.' }
  asked.resolve()
  await held.promise
  return { calls: [{ name: 'bash', args: { command: 'echo one' } }] }
}

const shop = openShop(async stage => {
  const provider = await startProvider(script)
  stage.onEnd(provider.close)
  return provider.config
})

describe('what a person says', { concurrent: true, timeout: 200_000 }, () => {
  test('to a running task is read at its next iteration, after the results', async () => {
    const { accepted, say, until, row, db } = shop()
    const { ids } = await accepted([draft('listen', [], { model })])
    const id = ids[0]!
    await asked.promise
    await say(id, 'Use blue.')
    const { threadId } = await row(id)
    const message = () => db.prisma.message.findFirstOrThrow({ where: { threadId, text: 'Use blue.' } })
    expect(await message()).toMatchObject({ readAt: null, position: null })
    held.resolve()
    expect(await until(id, 'ready')).toMatchObject({ output: 'Did as told.', attempt: 1, iterations: 2 })
    expect((await message()).readAt).not.toBeNull()
    expect(
      requests
        .at(-1)
        ?.messages.map(({ role, text }) => [role, text])
        .slice(-2),
    ).toEqual([
      ['tool', ''],
      ['user', 'Use blue.'],
    ])
    expect(requests.at(-1)?.messages.at(-2)?.results[0]?.text).toMatch(/^one\n\[exit 0/)
    const read = await db.prisma.event.findMany({ where: { taskId: id, type: 'message.read' } })
    expect(read).toHaveLength(1)
  })

  test('to a ready task starts it again on its own branch', async () => {
    const { accepted, say: tell, until, changed, git, thread } = shop()
    const { project, ids } = await accepted([draft('first', [], { plan: file('one.txt', '1') })])
    const id = ids[0]!
    const before = await until(id, 'ready')
    await tell(id, plan('And two.', file('two.txt', '2')))
    const after = await eventually(async () => {
      const task = await until(id, 'ready')
      expect(task.attempt).toBe(2)
      return task
    })
    expect(after).toMatchObject({
      branch: before.branch,
      baseSha: before.baseSha,
      output: expect.stringContaining('two.txt'),
    })
    expect(await changed(project.id, after.baseSha!, after.headSha!)).toEqual(['+one.txt', '+two.txt'])
    expect(await git.resolve(project.id, `refs/heads/${after.branch}`)).toBe(after.headSha)
    const log = await git.log(project.id, { head: after.headSha!, base: after.baseSha! })
    expect(log.map(({ subject }) => subject)).toEqual(['first'])
    expect((await thread(id)).map(({ role }) => role)).toEqual([
      ...['user', 'assistant', 'tool', 'assistant'],
      ...['user', 'assistant', 'tool', 'assistant'],
    ])
  })

  test('that changes nothing leaves those alone who have started on the work', async () => {
    const { accepted, say: tell, until, row, git, store, changed } = shop()
    const { project, ids } = await accepted([
      draft('ground', [], { plan: file('one.txt', '1') }),
      draft('house', ['ground'], { plan: file('two.txt', '2') }),
    ])
    const [ground, house] = ids as [string, string]
    const { headSha } = await until(ground, 'ready')
    await until(house, 'ready')
    const again = async (text: string, attempt: number) => {
      await tell(ground, text)
      return eventually(async () => {
        const task = await until(ground, 'ready')
        expect(task.attempt).toBe(attempt)
        return task
      })
    }
    expect(await again(say('There was nothing to do.'), 2)).toMatchObject({ headSha, branch: 'tasks/1-ground' })
    expect(await git.resolve(project.id, 'refs/heads/tasks/1-ground')).toBe(headSha)
    expect((await row(house)).staleReason).toBeNull()
    await tell(house, file('three.txt', '3'))
    await eventually(async () => expect((await until(house, 'ready')).attempt).toBe(2))
    expect((await again(file('one.txt', 'one'), 3)).headSha).not.toBe(headSha)
    expect((await row(house)).staleReason).toContain('has changed since')

    // Done anew, it does what was said of its first work too.
    await store.retry(house)
    await eventually(async () => expect((await until(house, 'ready')).attempt).toBe(3))
    const anew = await row(house)
    expect(await changed(project.id, anew.baseSha!, anew.headSha!)).toEqual(['+three.txt', '+two.txt'])
  })

  test('to a failed task starts it again with the repair', async () => {
    const { accepted, say: tell, until } = shop()
    const { ids } = await accepted([draft('broken', [], { plan: plan(sh('test -f there.txt'), say('never said')) })])
    const id = ids[0]!
    const failed = await until(id, 'failed')
    expect(failed).toMatchObject({ failureCode: 'agent_failed', failureText: expect.stringContaining('exit 1') })
    await tell(id, plan(file('there.txt', 'now'), sh('test -f there.txt')))
    expect(await until(id, 'ready')).toMatchObject({ attempt: 2, failureCode: null, failureText: null })
  })
})

describe('the branch of a task that failed before it was ever ready', { concurrent: true, timeout: 200_000 }, () => {
  test('has its work, and a retry goes on from what was pushed there', async () => {
    const { accepted, store, until, changed, git, push } = shop()
    const { project, ids } = await accepted([
      draft('broken', [], { plan: plan(file('mine.txt', 'mine'), sh('test -f there.txt')) }),
    ])
    const id = ids[0]!
    const { branch, headSha, baseSha } = await until(id, 'failed')
    expect(branch).toBe('tasks/1-broken')
    expect(await git.resolve(project.id, `refs/heads/${branch}`)).toBe(headSha)
    expect(await changed(project.id, baseSha!, headSha!)).toEqual(['+mine.txt'])

    await push(project.id, { 'there.txt': 'by a person' }, branch!)
    await store.retry(id)
    const ready = await until(id, 'ready')
    expect(await changed(project.id, ready.baseSha!, ready.headSha!)).toEqual(['+mine.txt', '+there.txt'])
  })

  test('is there without work too', async () => {
    const { accepted, until, git } = shop()
    const { project, ids } = await accepted([draft('nothing', [], { plan: sh('false') })])
    const { branch, baseSha, headSha } = await until(ids[0]!, 'failed')
    expect({ branch, headSha }).toEqual({ branch: 'tasks/1-nothing', headSha: null })
    expect(await git.resolve(project.id, `refs/heads/${branch}`)).toBe(baseSha)
  })
})

describe('a retry', { concurrent: true, timeout: 200_000 }, () => {
  test('of a failed runbook repeats the failing block only, on the work so far', async () => {
    const { accepted, store, until, git } = shop()
    const { project, ids } = await accepted([
      draft('flaky', [], {
        plan: plan(
          sh('echo once >> once.txt'),
          sh('echo try >> tries.txt; test $(wc -l < tries.txt) -ge 2'),
          sh('echo last >> last.txt'),
        ),
      }),
    ])
    const id = ids[0]!
    await until(id, 'failed')
    await store.retry(id)
    const { headSha, baseSha, attempt } = await until(id, 'ready')
    expect(attempt).toBe(2)
    const { files } = await git.diff(project.id, { base: baseSha!, head: headSha! })
    expect(files.map(({ path, additions }) => [path, additions])).toEqual([
      ['last.txt', 1],
      ['once.txt', 1],
      ['tries.txt', 2],
    ])
  })

  test('goes on where the limit of iterations stopped it', async () => {
    const { accepted, store, until, changed, git } = shop()
    const { project, ids } = await accepted(
      [draft('long', [], { plan: plan(...[1, 2, 3, 4].map(n => file(`${n}.txt`, String(n)))) })],
      { settings: { maxIterations: 3 } },
    )
    const id = ids[0]!
    const stopped = await until(id, 'failed')
    expect(stopped).toMatchObject({
      failureCode: 'iteration_limit',
      failureText: expect.stringContaining('3 iterations'),
      iterations: 3,
      branch: 'tasks/1-long',
    })
    expect(await git.resolve(project.id, 'refs/heads/tasks/1-long')).toBe(stopped.headSha)
    await store.retry(id)
    const done = await until(id, 'ready')
    expect(await changed(project.id, done.baseSha!, done.headSha!)).toEqual(['+1.txt', '+2.txt', '+3.txt', '+4.txt'])
    expect(done.iterations).toBe(2)
  })
})
