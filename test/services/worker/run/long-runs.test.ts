import { describe, expect, test } from 'vitest'
import { draft } from '../../../support/engine.ts'
import { eventually } from '../../../support/eventually.ts'
import { type ScriptedReply, type ScriptedRequest, startProvider } from '../../../support/provider.ts'
import { plan, sh } from '../../../support/runbook.ts'
import type { Stage } from '../../../support/servers.ts'
import { openShop, type Shop } from './support.ts'

const read = (path: string) => ({ name: 'read_file', args: { path } })
const bash = (command: string) => ({ name: 'bash', args: { command } })

/** What each task's agent says, one reply after the other; `again` repeats the last for ever. */
const SCRIPTS: Record<string, { replies: ScriptedReply[]; again?: boolean }> = {
  Long: {
    replies: [
      { text: 'I read one.', calls: [read('one.txt')] },
      { text: 'I read two.', calls: [read('two.txt')] },
      { text: 'I read three.', calls: [read('three.txt')] },
      { calls: [{ name: 'ask_user', args: { question: 'Go on?' } }] },
      { calls: [bash('echo done > done.txt')] },
      { text: 'All three are read.' },
    ],
  },
  Huge: { replies: [{ calls: ['one', 'two', 'three'].map(name => read(`${name}.txt`)) }, { text: 'Read.' }] },
  Wordy: { replies: [{ calls: [bash('true')] }, { text: 'Read.' }] },
  Roomy: { replies: [{ calls: ['one', 'two', 'three'].map(name => read(`${name}.txt`)) }, { text: 'Read.' }] },
  Refused: {
    replies: [
      { calls: [read('small.txt')] },
      { calls: [bash('true')] },
      { calls: [bash('echo x')] },
      { text: 'Done.' },
    ],
  },
  Stuck: { replies: [{ calls: [bash('echo the same')] }], again: true },
  Printer: { replies: [{ calls: [bash('seq 30000')] }, { text: 'Printed.' }] },
  Unsure: {
    replies: [
      { calls: [{ name: 'consult', args: { question: 'Tabs or spaces?' } }] },
      { calls: [{ name: 'consult', args: { question: 'Refuse this.' } }] },
      { text: 'Spaces it is.' },
    ],
  },
}

const requests: ScriptedRequest[] = []
const titleOf = ({ messages }: ScriptedRequest) => messages[0]?.text.split('\n')[0] ?? ''
const sums = ({ system }: ScriptedRequest) => system.startsWith('You are given the older part')
const asked = (title: string) => requests.filter(request => titleOf(request) === title && !sums(request))
const bytes = ({ messages }: ScriptedRequest) => Buffer.byteLength(JSON.stringify(messages))

function script(request: ScriptedRequest): ScriptedReply {
  if (sums(request)) return { text: 'SUMMARY: one.txt and two.txt hold nothing but letters.' }
  if (request.model === 'second') {
    if (request.messages[0]?.text === 'Refuse this.') return { fault: { status: 400, message: 'I was told to refuse' } }
    return { text: 'Spaces, as most of the project has them.' }
  }
  const title = titleOf(request)
  if (title === 'Refused' && bytes(request) > 7_000) {
    return { fault: { status: 400, message: 'maximum context length is 4096 tokens' } }
  }
  if (title === 'Limited') {
    const fault = { status: 429, retryAfter: 3_600, message: 'Come back\nin an hour.' }
    return request.attempt === 1 ? { fault } : { text: 'Went on.' }
  }
  const replies = SCRIPTS[title]?.replies ?? []
  // Counted by what was asked, as a summary takes replies out of the conversation.
  const turn = asked(title).filter(each => each.attempt === 1 && !refused.has(each)).length - 1
  return replies[turn] ?? (SCRIPTS[title]?.again ? replies.at(-1)! : { text: 'Nothing left to say.' })
}
const refused = new Set<ScriptedRequest>()

async function scripted(stage: Stage) {
  const provider = await startProvider(request => {
    requests.push(request)
    const reply = script(request)
    if (typeof reply.fault === 'object') refused.add(request)
    return reply
  })
  stage.onEnd(provider.close)
  return provider.config
}

const shop = openShop(scripted)
const largeShop = openShop(async stage => ({ ...(await scripted(stage)), openaiCompatibleContextTokens: 64_000 }))

const DAY_MS = 24 * 3_600_000

const FILES = {
  'README.md': '# Test\n',
  'one.txt': `${'a'.repeat(79)}\n`.repeat(350),
  'two.txt': `${'b'.repeat(79)}\n`.repeat(350),
  'three.txt': `${'c'.repeat(79)}\n`.repeat(350),
  'small.txt': `${'d'.repeat(79)}\n`.repeat(100),
}

const started = async (at: Shop, title: string, settings = {}) => {
  const { ids } = await at.accepted([draft(title, [], { plan: 'Read all of it.' })], {
    settings: { model: 'openai-compatible:small', ...settings },
    files: FILES,
  })
  return ids[0]!
}

/** Every result of a request stands behind the call that it answers. */
function expectPairs({ messages }: ScriptedRequest): void {
  const open = new Set<string>()
  for (const { role, calls, results } of messages) {
    if (role !== 'tool') expect([...open]).toEqual([])
    for (const { id } of calls) open.add(id)
    for (const { id } of results) expect(open.delete(id)).toBe(true)
  }
  expect([...open]).toEqual([])
}

describe('a conversation that outgrows the model', { concurrent: true, timeout: 200_000 }, () => {
  test('goes on with a summary of its older part, also after it was parked', async () => {
    const at = shop()
    const project = await at.repository(FILES, { settings: { model: 'openai-compatible:small' } })
    const [id] = (await at.store.createDrafts(project.id, [draft('Long', [], { plan: 'Read all of it.' })])) as [string]
    await at.say(id, 'Count no letters.')
    await at.store.accept(project.id)
    const { threadId } = await at.until(id, 'waiting')
    // An answer that was 20 days in coming.
    const createdAt = new Date(Date.now() - 20 * DAY_MS)
    await at.db.prisma.message.updateMany({ where: { threadId, role: 'assistant', iteration: 4 }, data: { createdAt } })
    await at.say(id, 'Yes, go on.')
    const task = await at.until(id, 'ready')
    expect(task.output).toBe('All three are read.')

    const summaries = requests.filter(request => sums(request) && request.messages[0]?.text.includes('Long'))
    expect(summaries).toHaveLength(1)
    expect(summaries[0]!.tools).toEqual([])
    expect(summaries[0]!.messages[0]!.text).toContain('[The agent]\nI read one.\nread_file({"path":"one.txt"})')

    const all = asked('Long')
    expect(all).toHaveLength(6)
    for (const request of all) expectPairs(request)
    const [before, after, resumed] = [all[2]!, all[3]!, all.at(-1)!]
    expect(bytes(before)).toBeGreaterThan(bytes(after))
    for (const request of [after, resumed]) {
      expect(request.messages[0]!.text).toMatch(/^Long\n\nRead all of it\./)
      const told = request.messages.map(({ text }) => text).join('\n')
      expect(told).toContain('SUMMARY: one.txt and two.txt')
      expect(told).toMatch(/word for word\]\nCount no letters\.$/m)
      expect(JSON.stringify(request.messages)).not.toContain('aaaaaaaa')
      expect(JSON.stringify(request.messages)).toContain('cccccccc')
    }
    expect(resumed.messages.flatMap(({ results }) => results.map(({ text }) => text))).toContain(
      'The user answered:\nYes, go on.',
    )

    const { ms } = await at.db.prisma.step.findFirstOrThrow({ where: { taskId: id, tool: 'ask_user' } })
    expect(ms / DAY_MS).toBeCloseTo(20, 2)

    // The thread keeps everything, and shows the summary where it was made.
    const rows = await at.db.prisma.message.findMany({ where: { threadId: task.threadId }, orderBy: { seq: 'asc' } })
    const summary = rows.filter(({ parts }) => JSON.stringify(parts).includes('"summary"'))
    expect(summary.map(({ role, text }) => [role, text.includes('SUMMARY')])).toEqual([['system', true]])
    expect(JSON.stringify(rows)).toContain('aaaaaaaa')
    const calls = await at.db.prisma.modelCall.findMany({ where: { taskId: id } })
    expect(calls.filter(({ purpose }) => purpose === 'summary')).toHaveLength(1)
    expect(calls.filter(({ purpose }) => purpose === 'reply')).toHaveLength(6)
  })

  test('in one reply is shown with its results cut', async () => {
    const at = shop()
    const id = await started(at, 'Huge')
    await at.until(id, 'ready')
    const [, second] = asked('Huge')
    expectPairs(second!)
    expect(bytes(second!)).toBeLessThan(72_000)
    for (const { results } of second!.messages) {
      for (const { text } of results)
        expect(text).toMatch(/bytes left out, as the conversation is too long for the model/)
    }
    const steps = await at.db.prisma.step.findMany({ where: { taskId: id } })
    for (const { result } of steps) expect(result.length).toBeGreaterThan(27_000)
  })

  test('with one message is shown without its middle, and people are told so once, and what to do', async () => {
    const at = shop()
    const { ids } = await at.accepted([draft('Wordy', [], { plan: 'word '.repeat(18_000) })], {
      settings: { model: 'openai-compatible:small' },
    })
    await at.until(ids[0]!, 'ready')
    const all = asked('Wordy')
    expect(all).toHaveLength(2)
    for (const { messages } of all) {
      expect(messages[0]!.text).toMatch(/bytes left out, as the conversation is too long for the model/)
      expect(JSON.stringify(messages)).not.toContain('OPENAI_COMPATIBLE')
    }
    const told = (await at.thread(ids[0]!)).filter(({ role }) => role === 'system').map(({ text }) => text)
    expect(told).toEqual([
      expect.stringMatching(
        /too long for openai-compatible:small: .*without their middle.*choose a model that takes in more.*32,000 tokens.*set OPENAI_COMPATIBLE_CONTEXT_TOKENS/,
      ),
    ])
  })

  test('does not where the installation says that the model takes in more', async () => {
    const at = largeShop()
    const id = await started(at, 'Roomy')
    await at.until(id, 'ready')
    const [, second] = asked('Roomy')
    expect(bytes(second!)).toBeGreaterThan(84_000)
    expect(JSON.stringify(second!.messages)).not.toContain('left out')
    expect((await at.thread(id)).map(({ role }) => role)).not.toContain('system')
  })

  test('sooner than was thought is shortened when the model refuses it', async () => {
    const at = shop()
    const id = await started(at, 'Refused')
    const task = await at.until(id, 'ready')
    expect(task.output).toBe('Done.')
    expect([...refused].map(titleOf).filter(title => title === 'Refused')).toHaveLength(2)
    for (const request of asked('Refused')) expectPairs(request)
  })
})

describe('an agent', { concurrent: true, timeout: 200_000 }, () => {
  test('that does the same again and again is told so, then stopped, and goes on with other words', async () => {
    const at = shop()
    const id = await started(at, 'Stuck')
    const task = await at.until(id, 'failed')
    expect(task).toMatchObject({ failureCode: 'stuck', iterations: 6 })
    expect(task.failureText).toMatch(/^The agent made the same call 6 times in a row.*echo the same.*say in the thread/)
    const last = asked('Stuck').at(-1)!
    const results = last.messages.flatMap(each => each.results.map(({ text }) => text))
    expect(results.map(text => /\[Repeated: this is result (\d)/.exec(text)?.[1])).toEqual([
      undefined,
      undefined,
      '3',
      '4',
      '5',
    ])
    SCRIPTS.Stuck = { replies: [], again: false }
    await at.say(id, 'Then stop.')
    expect((await at.until(id, 'ready')).output).toBe('Nothing left to say.')
  })

  test('that only follows blocks may do the same as often as it was told to', async () => {
    const at = shop()
    const { ids } = await at.accepted([draft('many', [], { plan: plan(...Array(8).fill(sh('echo the same'))) })])
    expect((await at.until(ids[0]!, 'ready')).iterations).toBe(9)
  })

  test('reads head and tail of a long output, which the work log keeps whole', async () => {
    const at = shop()
    const id = await started(at, 'Printer', { model: 'google:large' })
    await at.until(id, 'ready')
    const [text] = asked('Printer')
      .at(-1)!
      .messages.flatMap(({ results }) => results.map(each => each.text))
    expect(text).toMatch(/^1\n2\n[\s\S]*\n\[… 10\d,\d{3} bytes left out …\]\n[\s\S]*\n30000\n\[exit 0, /)
    expect(text!.length).toBeLessThan(67_000)
    const step = await at.db.prisma.step.findFirstOrThrow({ where: { taskId: id } })
    expect(step.result.split('\n[exit')[0]).toBe(Array.from({ length: 30_000 }, (_, n) => n + 1).join('\n'))
  })

  test('that its provider asks to wait says so with the time, in the words of the provider, and goes on then', async () => {
    const at = shop()
    const id = await started(at, 'Limited')
    const { dueAt } = await at.until(id, 'waiting')
    const time = dueAt!.toISOString().slice(0, 19).replace('T', ' ')
    const told = `openai-compatible:small asks to wait: “Come back in an hour. (429)” The work goes on by itself at ${time} UTC.`
    expect((await at.thread(id)).at(-1)).toEqual({ role: 'system', text: told })
    await at.db.prisma.task.update({ where: { id }, data: { dueAt: new Date() } })
    expect((await at.until(id, 'ready')).output).toBe('Went on.')
    expect(JSON.stringify(asked('Limited').map(({ messages }) => messages))).not.toContain('asks to wait')
  })

  test('hears a second opinion, or why there is none', async () => {
    const at = shop()
    const id = await started(at, 'Unsure', { consultModel: 'anthropic:second' })
    expect((await at.until(id, 'ready')).output).toBe('Spaces it is.')
    const results = asked('Unsure')
      .at(-1)!
      .messages.flatMap(each => each.results.map(({ text }) => text))
    expect(results).toEqual([
      'Spaces, as most of the project has them.',
      expect.stringMatching(/^Error: anthropic:second gave no opinion: .*told to refuse.* Go on without it\.$/),
    ])
    const opinion = requests.find(({ messages }) => messages[0]?.text === 'Tabs or spaces?')!
    expect(opinion).toMatchObject({ format: 'anthropic', tools: [], messages: [{ role: 'user' }] })
    await eventually(async () => {
      const calls = await at.db.prisma.modelCall.findMany({ where: { taskId: id, purpose: 'consult' } })
      expect(calls.map(({ model }) => model)).toEqual(['anthropic:second'])
    })
  })
})
