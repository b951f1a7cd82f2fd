import { beforeAll, describe, expect, test } from 'vitest'
import { eventually } from '../support/eventually.ts'
import { fileStage } from '../support/file-stage.ts'
import { type ScriptedProvider, type ScriptedReply, type ScriptedRequest, startProvider } from '../support/provider.ts'
import { type System, startSystem } from '../support/system.ts'
import { clone } from '../support/work-tree.ts'

const write = (path: string, content: string) => ({ name: 'write_file', args: { path, content } })
const run = (command: string) => ({ name: 'bash', args: { command } })

/** What the scripted model says in each of a task's turns; what goes wrong, goes wrong the first time it is asked. */
const SCRIPTS: Record<string, ScriptedReply[]> = {
  /** Streams its calls in pieces, with text between them, two at a time. */
  Cart: [
    { parts: ['I look ', 'around.', { name: 'list_files', args: {} }], pauseMs: 5 },
    {
      parts: [
        'First the code, ',
        { name: 'write_file', args: { path: 'cart.txt', content: 'cart\n' } },
        'then its test.',
        { name: 'write_file', args: { path: 'cart.test.txt', content: 'tested\n' } },
      ],
    },
    { text: 'Now I run it.', calls: [run('cat cart.txt cart.test.txt')] },
    { text: 'The cart is done.' },
  ],
  /** Calls badly: broken arguments, a tool that is not there, and a good call beside a bad one. */
  Prices: [
    { calls: [write('prices.txt', 'x')], fault: 'malformed-args' },
    { calls: [run('true')], fault: 'unknown-tool' },
    { calls: [write('prices.txt', 'prices\n'), { name: 'read_file', args: { file: 1 } }] },
    { text: 'The prices are done.' },
  ],
  /** Meets a limit, then a server that fails. */
  Taxes: [
    { calls: [write('taxes.txt', 'taxes\n')], fault: { status: 429, retryAfter: 1 } },
    { calls: [run('cat cart.txt taxes.txt')], fault: { status: 500 } },
    { text: 'The taxes are done.' },
  ],
  /** Is cut off in the middle of a call. */
  Till: [
    { text: 'All of it:', calls: [run('cat cart.txt prices.txt taxes.txt > till.txt')], fault: 'cut' },
    { text: 'The till is done.', fault: 'ended' },
  ],
  /** Falls silent in the middle of a call, then says more than it may. */
  Guide: [
    { calls: [write('guide.txt', 'guide\n')], fault: 'stall' },
    { text: 'The guide is', finish: 'length' },
    { text: 'The guide is done.' },
  ],
}

const TASKS = [
  { key: 'cart', title: 'Cart', plan: 'Keep a cart.' },
  { key: 'prices', title: 'Prices', plan: 'Add prices.', dependsOn: ['cart'] },
  { key: 'taxes', title: 'Taxes', plan: 'Add taxes.', dependsOn: ['cart'] },
  { key: 'till', title: 'Till', plan: 'Open the till.', dependsOn: ['prices', 'taxes'] },
  { key: 'guide', title: 'Guide', plan: 'Write a guide.' },
]

const results = ({ messages }: ScriptedRequest) => messages.flatMap(message => message.results.map(({ text }) => text))
const titleOf = ({ messages }: ScriptedRequest) => /^(?:[\s\S]*\[Your task\]\n)?(.*)/.exec(messages[0]?.text ?? '')?.[1]

/** Refuses whoever asks with the words of the request's task, until it is told to be friendly. */
let unfriendly: number | null = 401

function script(request: ScriptedRequest): ScriptedReply {
  const title = titleOf(request) ?? ''
  if (title === 'Refused') {
    if (unfriendly !== null) return { fault: { status: unfriendly, message: 'this key was withdrawn' } }
    return { text: 'Friends again.' }
  }
  if (title === 'Limited') {
    if (unfriendly !== null) return { fault: { status: 429, retryAfter: 3_600, message: 'come back later' } }
    return { text: 'Back again.' }
  }
  const turn = request.messages.filter(({ role }) => role === 'assistant').length
  const reply = SCRIPTS[title]?.[turn]
  if (!reply) throw new Error(`nothing to say for “${title}” in turn ${turn}`)
  const everyTime = reply.fault === 'malformed-args' || reply.fault === 'unknown-tool'
  return everyTime || request.attempt === 1 ? reply : { ...reply, fault: undefined }
}

describe('an openai-compatible server', { concurrent: true }, () => {
  const stage = fileStage()
  let provider: ScriptedProvider
  let system: System

  beforeAll(async () => {
    provider = await startProvider(script)
    stage.onEnd(provider.close)
    system = await startSystem({
      stage,
      env: { OPENAI_COMPATIBLE_BASE_URL: `${provider.url}/v1`, OPENAI_COMPATIBLE_API_KEY: 'secret-key-of-the-test' },
    })
  })

  const makeProject = (name: string) =>
    system.client.createProject({ body: { name, settings: { model: 'openai-compatible:scripted' } } })
  const start = async (project: { id: string }, tasks: typeof TASKS) => {
    const params = { id: project.id }
    const { items } = await system.client.createTasks({ params, body: { tasks } })
    await system.client.acceptTasks({ params, body: {} })
    return items
  }
  const get = (id: string) => system.client.getTask({ params: { id } })

  test('that streams badly, is busy, fails and stalls still brings five tasks to ready and main', async () => {
    const project = await makeProject('Faults')
    const params = { id: project.id }
    const drafts = await start(project, TASKS)
    const states = async () => (await system.client.listTasks({ params })).items.map(task => [task.title, task.state])
    await eventually(
      async () => expect(await states()).toEqual(TASKS.map(({ title }) => [title, 'ready'])),
      // A stream counts as stalled after a minute.
      { timeoutMs: 300_000 },
    )
    for (const fault of ['cut', 'ended', 'stall', 'malformed-args', 'unknown-tool'])
      expect(provider.faults).toContain(fault)
    expect(provider.faults.filter(fault => typeof fault === 'object').map(({ status }) => status)).toEqual(
      expect.arrayContaining([429, 500]),
    )

    const byTitle = new Map((await system.client.listTasks({ params })).items.map(task => [task.title, task]))
    for (const [title, replies] of Object.entries(SCRIPTS)) {
      expect(byTitle.get(title)).toMatchObject({ iterations: replies.length, output: replies.at(-1)?.text, attempt: 1 })
    }
    expect(byTitle.get('Cart')?.usage).toMatchObject({ inputTokens: 400, outputTokens: 80 })
    const lastOf = (title: string) => provider.requests.filter(request => titleOf(request) === title).at(-1)!
    expect(results(lastOf('Cart'))).toEqual([
      '[no files]',
      expect.any(String),
      expect.any(String),
      expect.stringMatching(/^cart\ntested\n\[exit 0, /),
    ])
    expect(results(lastOf('Prices'))).toEqual([
      expect.stringMatching(/^Error: .*write_file.* not valid JSON/),
      expect.stringMatching(/^Error: there is no tool named "no_such_tool"/),
      expect.not.stringContaining('Error'),
      expect.stringMatching(/^Error: /),
    ])

    for (const { id } of [drafts[3]!, drafts[4]!]) await system.client.applyTask({ params: { id } })
    await eventually(async () => expect(await states()).toEqual(TASKS.map(({ title }) => [title, 'done'])), {
      timeoutMs: 120_000,
    })
    const main = await clone({ ...project, token: system.token }, stage.onEnd)
    expect(await main.files()).toMatchObject({
      'cart.test.txt': 'tested\n',
      'guide.txt': 'guide\n',
      'till.txt': 'cart\nprices\ntaxes\n',
    })
  }, 500_000)

  test('that refuses fails the task with its words, and a retry works once it does not', async () => {
    const project = await makeProject('Refusals')
    const [refused, limited] = await start(project, [
      { key: 'refused', title: 'Refused', plan: 'Say something.' },
      { key: 'limited', title: 'Limited', plan: 'Say something.' },
    ])
    const failed = async (status: number) => {
      await eventually(async () => {
        expect(await get(refused!.id)).toMatchObject({
          state: 'failed',
          column: 'active',
          failure: { code: 'model_refused', message: expect.stringContaining(`this key was withdrawn (${status})`) },
        })
      })
    }
    await failed(401)
    expect(JSON.stringify(await get(refused!.id))).not.toContain('secret-key-of-the-test')
    unfriendly = 400
    await system.client.retryTask({ params: { id: refused!.id } })
    await failed(400)

    // Meanwhile one that asks for an hour's patience holds neither slot nor container.
    await eventually(async () => {
      const { state, blocked } = await get(limited!.id)
      expect({ state, blocked }).toMatchObject({ state: 'waiting', blocked: { reason: 'provider' } })
      expect(Date.parse(blocked?.until ?? '') - Date.now()).toBeGreaterThan(3_000_000)
    })
    unfriendly = null
    await system.db.prisma.task.update({ where: { id: limited!.id }, data: { dueAt: new Date() } })
    await system.client.retryTask({ params: { id: refused!.id } })
    await eventually(async () => {
      expect(await get(refused!.id)).toMatchObject({ state: 'ready', output: 'Friends again.', attempt: 3 })
      expect(await get(limited!.id)).toMatchObject({ state: 'ready', output: 'Back again.', attempt: 1 })
    })
  }, 200_000)
})
