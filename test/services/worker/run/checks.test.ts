import { describe, expect, test } from 'vitest'
import { draft } from '../../../support/engine.ts'
import { type ScriptedReply, type ScriptedRequest, startProvider } from '../../../support/provider.ts'
import { file, say } from '../../../support/runbook.ts'
import { openShop } from './support.ts'

const model = 'openai-compatible:scripted'
const requests: ScriptedRequest[] = []

/** Breaks something, and repairs it once it hears of it. */
function script(request: ScriptedRequest): ScriptedReply {
  requests.push(request)
  const { messages } = request
  const told = messages.at(-1)
  if (messages.length === 1) return { calls: [{ name: 'write_file', args: { path: 'broken.txt', content: 'x' } }] }
  if (told?.role === 'user')
    return { calls: [{ name: 'bash', args: { command: 'rm broken.txt; echo ok > fine.txt' } }] }
  return { text: 'I think that I am done.' }
}

const shop = openShop(async stage => {
  const provider = await startProvider(script)
  stage.onEnd(provider.close)
  return provider.config
})

const checkCommand = 'echo "# pass 3"; test ! -e broken.txt && echo "# fail 0" || { echo "# fail 1"; exit 7; }'

describe('checks', { concurrent: true, timeout: 200_000 }, () => {
  test('that stay red leave the task ready with a red badge beside main’s own result', async () => {
    const { accepted, until, thread, db } = shop()
    const { project, ids } = await accepted(
      [draft('red', [], { plan: `${file('broken.txt', 'x')}\n\n${say('all fine')}` })],
      { settings: { checkCommand } },
    )
    const id = ids[0]!
    const task = await until(id, 'ready')
    expect(task).toMatchObject({
      checkStatus: 'failed',
      checkPassed: 3,
      checkFailed: 1,
      checkFixes: 2,
      failureCode: null,
    })
    expect(task.output).toContain('all fine')
    const runs = await db.prisma.check.findMany({ where: { projectId: project.id }, orderBy: { at: 'asc' } })
    expect(runs.map(({ taskId, onMain, exitCode, sha }) => [taskId, onMain, exitCode, sha === task.baseSha])).toEqual([
      [null, true, 0, true],
      ...[1, 2, 3].map(() => [id, false, 7, false]),
    ])
    expect(runs.at(-1)).toMatchObject({ sha: task.headSha, output: '# pass 3\n# fail 1\n', passed: 3, failed: 1 })
    const rounds = (await thread(id)).filter(({ role }) => role === 'system').map(({ text }) => text)
    expect(rounds).toEqual([expect.stringContaining('2 rounds are left'), expect.stringContaining('the last round')])
    expect(rounds[0]).toContain('# fail 1')
  })

  test('that are red go back to the agent, which may repair it, and leave nothing of their own in the work', async () => {
    const { accepted, until, changed } = shop()
    const { project, ids } = await accepted([draft('repair', [], { model })], {
      settings: { checkCommand: `echo junk > junk.txt; ${checkCommand}` },
    })
    const task = await until(ids[0]!, 'ready')
    expect(task).toMatchObject({ checkStatus: 'passed', checkPassed: 3, checkFailed: 0, checkFixes: 1 })
    expect(await changed(project.id, task.baseSha!, task.headSha!)).toEqual(['+fine.txt'])
    const told = requests
      .flatMap(({ messages }) => messages.at(-1) ?? [])
      .find(({ text }) => text.includes('exit code 7'))
    expect(told).toMatchObject({ role: 'user', text: expect.stringContaining('# fail 1') })
  })

  test('are not reached when the set-up command fails, and no model is asked', async () => {
    const { accepted, until } = shop()
    const { ids } = await accepted([draft('no set-up', [], { model })], {
      settings: { checkCommand, setupCommand: 'echo the shelf is empty; exit 3' },
    })
    expect(await until(ids[0]!, 'failed')).toMatchObject({
      failureCode: 'setup_failed',
      failureText: expect.stringMatching(/exit code 3:\nthe shelf is empty/),
      iterations: 0,
    })
    expect(requests.filter(({ messages }) => messages[0]?.text.startsWith('no set-up'))).toEqual([])
  })
})
