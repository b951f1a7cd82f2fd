import { setTimeout as pause } from 'node:timers/promises'
import { expect, test } from 'vitest'
import { isInterrupted } from '../../shared/contract/history.ts'
import type { MessagePart } from '../../shared/contract/thread.ts'
import { eventually } from '../support/eventually.ts'
import { plan, sh } from '../support/runbook.ts'
import { random, scale, seed } from '../support/scale.ts'
import { type System, startSystem } from '../support/system.ts'
import { Fleet } from './fleet.ts'

const HOUR = 3_600_000
/** With two kills each. */
const ROUNDS = scale(30)
/** About as long as a run takes. */
const LONGEST_MS = 2_500

/** A system whose workers are killed, and threads of one project in it. */
async function setting() {
  const system = await startSystem({ services: 'api,gateway' })
  const fleet = new Fleet(system, { WORKER_CONCURRENCY: '2' })
  await fleet.grow(2)
  const project = await system.client.createProject({ body: { name: 'Chaos' } })
  const opened = async (title: string) =>
    (await system.client.createThread({ params: { id: project.id }, body: { title } })).id
  const say = (id: string, text: string, mode: 'plan' | 'build') =>
    system.client.postMessage({ params: { id }, body: { text, mode } })
  return { system, fleet, project, opened, say }
}

const until = (system: System, threads: readonly string[], state: string) =>
  eventually(
    async () => {
      const turns = await system.db.prisma.task.findMany({ where: { threadId: { in: [...threads] } } })
      expect(turns.map(turn => ({ state: turn.state, failure: turn.failureText }))).toEqual(
        threads.map(() => ({ state, failure: null })),
      )
    },
    { timeoutMs: 240_000, intervalMs: 200 },
  )

/** A thread's history as the agent reads it: every place taken once, every call answered once. */
async function historyOf(system: System, threadId: string) {
  const rows = await system.db.prisma.message.findMany({ where: { threadId }, orderBy: { seq: 'asc' } })
  const placed = rows.filter(({ position }) => position !== null).sort((a, b) => a.position! - b.position!)
  expect(placed.map(({ position }) => position)).toEqual(placed.map((_, index) => index))
  const parts = placed.flatMap(row => row.parts as MessagePart[])
  const calls = parts.flatMap(part => (part.type === 'call' ? part.id : []))
  const answers = parts.flatMap(part => (part.type === 'result' ? part.callId : []))
  expect(answers).toEqual(calls)
  return { rows, placed, results: parts.flatMap(part => (part.type === 'result' ? [part] : [])) }
}

test(
  'workers are killed while they plan and around questions: nothing is lost, no draft made twice, no answer read twice',
  async () => {
    const next = random()
    const { system, fleet, project, opened, say } = await setting()
    const planned: string[] = []
    const asked: string[] = []
    const kill = () => fleet.kill(next()).catch(ignoreIdle)
    let parkedKills = 0
    for (let round = 0; round < ROUNDS || fleet.faults.kills + parkedKills < 2 * ROUNDS; round++) {
      const plans = [await opened(`Plan ${2 * round}`), await opened(`Plan ${2 * round + 1}`)]
      const questions = [await opened(`Ask ${2 * round}`), await opened(`Ask ${2 * round + 1}`)]
      await Promise.all(plans.map((id, n) => say(id, sections(planned.length + n), 'plan')))
      await Promise.all(questions.map(id => say(id, QUESTION, 'build')))
      planned.push(...plans)
      asked.push(...questions)
      await pause(next() * LONGEST_MS)
      await kill()
      await until(system, plans, 'ready')
      await until(system, questions, 'waiting')

      const parked = round % 2 === 0
      if (parked) await fleet.killIdle(next())
      if (parked) parkedKills++
      await Promise.all(questions.map(id => say(id, `Answer for ${id}.`, 'build')))
      if (!parked) await pause(next() * LONGEST_MS)
      if (!parked) await kill()
      await until(system, questions, 'ready')
    }
    await fleet.settled()

    const drafts = await system.db.prisma.task.findMany({
      where: { projectId: project.id, kind: 'board' },
      include: { prerequisites: { include: { prerequisite: true } } },
    })
    expect(drafts.map(({ key }) => key).sort(), `seed ${seed()}`).toEqual(
      planned.flatMap((_, n) => [`p${n}-docs`, `p${n}-page`, `p${n}-schema`]).sort(),
    )
    for (const { key, prerequisites } of drafts) {
      const after = prerequisites.map(({ prerequisite }) => prerequisite.key)
      expect(after).toEqual(key.endsWith('-page') ? [key.replace('page', 'schema')] : [])
    }
    for (const id of planned) {
      const { placed, results } = await historyOf(system, id)
      const proposed = results.filter(({ text }) => !isInterrupted(text))
      expect(proposed.map(({ name }) => name)).toEqual(['propose_tasks'])
      const calls = results.flatMap(() => ['assistant', 'tool'])
      expect(placed.map(({ role }) => role)).toEqual(['user', ...calls, 'assistant'])
    }
    for (const id of asked) {
      const { rows, results } = await historyOf(system, id)
      const answers = results.filter(({ name }) => name === 'ask_user')
      expect(
        answers.map(({ text }) => text),
        `seed ${seed()}`,
      ).toEqual([`The user answered:\nAnswer for ${id}.`])
      const said = rows.filter(({ role }) => role === 'user')
      expect(said.map(({ position, readAt }) => [position, readAt !== null])).toEqual([
        [0, true],
        [null, true],
      ])
      expect(results.at(-1)!.text).toMatch(/^first\n\[exit 0/)
    }
    const { kills } = fleet.faults
    expect(kills).toBeGreaterThan(0)
    expect(parkedKills).toBeGreaterThan(0)
    console.log(
      `seed ${seed()}: ${kills} kills of runs, ${parkedKills} while all were parked; ${planned.length} plans, ${drafts.length} drafts, none twice; ${asked.length} questions, none lost`,
    )
  },
  HOUR,
)

const sections = (n: number) => `## p${n} schema\n## p${n} page\nafter: p${n} schema\n## p${n} docs`
const QUESTION = plan(sh('echo first > first.txt'), '```ask\nWhich?\n- one\n- two\n```', sh('cat first.txt'))

/** All of a round may be over before the moment of its kill has come. */
const ignoreIdle = (error: Error): void => {
  if (!error.message.includes('no worker runs a task')) throw error
}
