import { beforeAll, describe, expect, test } from 'vitest'
import type { Task } from '../../shared/contract/task.ts'
import { eventually } from '../support/eventually.ts'
import { fileStage } from '../support/file-stage.ts'
import { type ScriptedProvider, type ScriptedReply, type ScriptedRequest, startProvider } from '../support/provider.ts'
import { type System, startSystem } from '../support/system.ts'

const model = 'anthropic:claude-scripted'
/** 40,000 tokens of input and 2,000 of output cost 0.06 dollars at this price. */
const price = { input: 1, output: 10 }
const usage = { input: 40_000, output: 2_000 }
const STEP_USD = 0.06

const said = ({ messages }: ScriptedRequest) => messages.filter(({ role }) => role === 'assistant').length
const first = ({ messages }: ScriptedRequest) => messages[0]?.text ?? ''

/** Whether those who are limited are still. */
let limited = true

/** Writes a file in each of four turns, whatever it is asked; asks for patience where the task says so. */
function script(request: ScriptedRequest): ScriptedReply {
  const text = first(request)
  if (text.includes('Limited') && limited)
    return { fault: { status: 429, retryAfter: 3_600, message: 'come back later' } }
  if (text.includes('Shared') && said(request) === 0 && request.tools.includes('parallel')) {
    const tasks = [1, 2, 3].map(n => ({ name: `part ${n}`, prompt: `Write part ${n}.` }))
    return { calls: [{ name: 'parallel', args: { tasks } }], usage }
  }
  const name = /part (\d)/.exec(text.split('[Your task]').at(-1) ?? '')?.[1] ?? 'own'
  const turn = said(request)
  if (text.includes('Limited') || text.includes('Shared') || turn >= 4) return { text: 'All written.', usage }
  return { calls: [{ name: 'bash', args: { command: `echo ${turn} >> ${name}.txt` } }], usage }
}

describe('money', { timeout: 300_000 }, () => {
  const stage = fileStage()
  let provider: ScriptedProvider
  let system: System

  beforeAll(async () => {
    provider = await startProvider(script)
    stage.onEnd(provider.close)
    const { anthropicBaseUrl, anthropicApiKey } = provider.config
    system = await startSystem({
      stage,
      env: { ANTHROPIC_BASE_URL: anthropicBaseUrl, ANTHROPIC_API_KEY: anthropicApiKey },
    })
    await system.client.updatePrices({ body: { prices: { [`${model}*`]: price } } })
  })

  const makeProject = (name: string, budgetUsd: number | null = null) =>
    system.client.createProject({ body: { name, settings: { model, budgetUsd } } })
  const start = async (projectId: string, title: string, budgetUsd?: number) => {
    const params = { id: projectId }
    const task = { key: title, title, plan: 'Write.', ...(budgetUsd !== undefined && { budgetUsd }) }
    const { items } = await system.client.createTasks({ params, body: { tasks: [task] } })
    await system.client.acceptTasks({ params, body: {} })
    return items[0]!.id
  }
  const get = (id: string) => system.client.getTask({ params: { id } })
  const until = (id: string, expected: Partial<Task>) =>
    eventually(
      async () => {
        const task = await get(id)
        expect(task).toMatchObject(expected)
        return task
      },
      { timeoutMs: 120_000 },
    )
  const messages = async (threadId: string) =>
    (await system.client.listMessages({ params: { id: threadId } })).items.map(({ role, text }) => ({ role, text }))

  test('a task that reaches its budget waits with its work, says why, and goes on when it is raised', async () => {
    const project = await makeProject('Alone')
    // Two replies fit, and of a third not enough is left.
    const id = await start(project.id, 'Alone', 0.15)
    const waiting = await until(id, { state: 'waiting', blocked: { reason: 'budget', waitingOn: [] } })
    expect(waiting).toMatchObject({
      column: 'active',
      iterations: 2,
      usage: { costUsd: 2 * STEP_USD },
      budgetUsd: 0.15,
    })
    const asked = provider.requests.length
    const told = (await messages(waiting.threadId)).filter(({ role }) => role === 'system')
    expect(told).toEqual([{ role: 'system', text: expect.stringContaining('$0.12 of $0.15 are spent') }])
    await eventually(async () => {
      expect((await system.client.opsContainers({})).items.filter(({ taskId }) => taskId === id)).toEqual([])
    })

    await system.client.updateTask({ params: { id }, body: { budgetUsd: 1 } })
    const ready = await until(id, { state: 'ready' })
    expect(ready).toMatchObject({ attempt: 1, iterations: 5, output: 'All written.', usage: { costUsd: 5 * STEP_USD } })
    const { files } = await system.client.getDiff({ params: { id } })
    expect(files).toMatchObject([{ path: 'own.txt', additions: 4 }])
    // What was said of the budget is for people: the agent was not told.
    const later = provider.requests.slice(asked).filter(request => first(request).includes('Alone'))
    expect(later).toHaveLength(3)
    expect(JSON.stringify(later.map(({ body }) => body))).not.toContain('budget')

    const byModel = await system.client.projectUsage({ params: { id: project.id }, query: { by: 'model' } })
    const spent = { calls: 5, inputTokens: 200_000, outputTokens: 10_000, costUsd: 5 * STEP_USD }
    expect(byModel).toEqual({ items: [{ key: model, label: model, ...spent }], total: spent })
  })

  test("sub-agents share their parent's budget: all wait when it is reached, and all end when it is removed", async () => {
    const project = await makeProject('Shared')
    const id = await start(project.id, 'Shared', 0.5)
    const children = () =>
      system.db.prisma.task.findMany({ where: { parentTaskId: id }, orderBy: { key: 'asc' }, select: { id: true } })
    const stopped = await eventually(
      async () => {
        const shown = await Promise.all((await children()).map(child => get(child.id)))
        expect(shown).toHaveLength(3)
        for (const child of shown) {
          expect(['done', 'waiting']).toContain(child.state)
          if (child.state === 'waiting') expect(child.blocked).toEqual({ reason: 'budget', waitingOn: [id] })
        }
        expect(shown.some(({ state }) => state === 'waiting')).toBe(true)
        return shown
      },
      { timeoutMs: 200_000 },
    )
    const parent = await until(id, { state: 'waiting' })
    expect(parent.blocked).toEqual({ reason: 'budget', waitingOn: [id] })
    const reached = {
      role: 'system',
      text: expect.stringContaining('The budget of #1 “Shared” and its sub-agents is reached'),
    }
    expect((await messages(parent.threadId)).at(-1)).toEqual(reached)
    expect(parent.usageTotal.costUsd).toBeLessThanOrEqual(0.5)
    expect(parent.usageTotal.costUsd).toBeGreaterThan(0.5 - 2 * STEP_USD)
    const child = stopped.find(({ state }) => state === 'waiting')!
    expect((await messages(child.threadId)).at(-1)).toEqual(reached)

    await system.client.updateTask({ params: { id }, body: { budgetUsd: null } })
    const ready = await until(id, { state: 'ready' })
    // Five replies of each sub-agent, and two of the parent.
    expect(ready.usageTotal.costUsd).toBeCloseTo(17 * STEP_USD, 6)
    expect(ready.usage.costUsd).toBeCloseTo(2 * STEP_USD, 6)
    const { files } = await system.client.getDiff({ params: { id } })
    expect(files.map(({ path, additions }) => [path, additions])).toEqual([
      ['1.txt', 4],
      ['2.txt', 4],
      ['3.txt', 4],
    ])
  })

  test("a project's budget and a provider's limit park turns too, and say until when", async () => {
    const project = await makeProject('Thread', 0.03)
    const params = { id: project.mainThreadId }
    const thread = () => system.client.getThread({ params })
    await system.client.postMessage({ params, body: { text: 'Not Limited by a provider: plan.', mode: 'plan' } })
    await eventually(async () => {
      const { status, blocked } = await thread()
      expect({ status, blocked }).toMatchObject({ status: 'waiting', blocked: { reason: 'budget' } })
    })
    expect((await messages(project.mainThreadId)).at(-1)?.text).toContain("The project's budget is reached")

    await system.client.updateProject({ params: { id: project.id }, body: { settings: { budgetUsd: 5 } } })
    await eventually(async () => {
      const { status, blocked } = await thread()
      expect({ status, blocked }).toMatchObject({ status: 'waiting', blocked: { reason: 'provider' } })
      expect(Date.parse(blocked?.until ?? '') - Date.now()).toBeGreaterThan(3_000_000)
    })
    const { items } = await system.client.listEvents({ params: { id: project.id }, query: {} })
    const parked = items.filter(({ type }) => type === 'turn.waiting').map(({ payload }) => payload.waitingFor)
    expect(parked).toMatchObject([{ reason: 'budget' }, { reason: 'provider', until: expect.any(String) }])

    limited = false
    await system.db.prisma.$executeRaw`
      UPDATE tasks SET due_at = now() WHERE state = 'waiting' AND thread_id = ${project.mainThreadId}::uuid`
    await eventually(async () => {
      expect((await messages(project.mainThreadId)).at(-1)).toEqual({ role: 'assistant', text: 'All written.' })
    })
  })
})
