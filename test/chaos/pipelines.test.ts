import { join } from 'node:path'
import { expect, test } from 'vitest'
import { createLocalGitStore } from '../../shared/runtime/git-store/local.ts'
import { check } from '../support/checker.ts'
import { draft, startEngine } from '../support/engine.ts'
import { eventually } from '../support/eventually.ts'
import { readHistory } from '../support/history.ts'
import { SHAPES, type Shape, SIX } from '../support/pipelines.ts'
import { readRecorded } from '../support/recorded-store.ts'
import { parallel, plan, sh } from '../support/runbook.ts'
import { random, scale, seed } from '../support/scale.ts'
import { testStage } from '../support/servers.ts'
import { startSystem } from '../support/system.ts'
import { clone } from '../support/work-tree.ts'
import { Fleet } from './fleet.ts'
import { startWorkers } from './processes.ts'

const HOUR = 3_600_000
const ALL: Record<string, Shape> = { ...SHAPES, six: SIX }

/** Names of tasks, one for each shape in turn. */
const parents = (count: number, from = 0): string[] =>
  Array.from({ length: count }, (_, index) => {
    const shapes = Object.keys(ALL)
    return `${shapes[(from + index) % shapes.length]} ${from + index}`
  })

test('workers are killed at random moments of pipelines: each sub-agent works once, and each task hears of all', async () => {
  const engine = await startEngine()
  const { store, db } = engine
  const project = await engine.project({ plan: '6' })
  const fleet = await startWorkers(engine, { workers: 3, iterations: 3, stepMs: 40 })
  const next = random()
  const kills = scale(100)
  const faulted: string[] = []
  let started = 0
  const more = async (count: number) => {
    const ids = await store.createDrafts(
      project.id,
      parents(count, started).map(title => draft(title)),
    )
    started += count
    await store.accept(project.id, ids)
  }
  await more(6)
  for (let kill = 0; kill < kills; kill++) {
    const open = await db.prisma.task.count({ where: { state: { in: ['active', 'queued', 'waiting'] } } })
    if (open < 12) await more(4)
    const victim = await eventually(
      async () => {
        const rows = await db.prisma.task.findMany({ where: { state: 'active', deaths: { lt: 3 } } })
        const row = rows[Math.floor(next() * rows.length)]
        const found = fleet.workers.find(worker => worker.alive() && worker.name === row?.leaseOwner)
        if (!found) throw new Error('no worker runs a task')
        return found
      },
      { timeoutMs: 60_000 },
    )
    await victim.kill()
    faulted.push(victim.name)
    await fleet.start()
  }
  await eventually(
    async () => {
      const settled = await db.prisma.task.groupBy({ by: ['kind', 'state'], _count: true, orderBy: { kind: 'asc' } })
      expect(settled.map(({ kind, state }) => `${kind} ${state}`)).toEqual(['board ready', 'pipeline done'])
      expect(await db.prisma.outbox.count()).toBe(0)
    },
    { timeoutMs: HOUR, intervalMs: 250 },
  )
  const history = await readHistory(db, { writes: readRecorded(fleet.record), faulted })
  expect(check(history), `seed ${seed()}`).toEqual([])
  expect(history.pipelines).toHaveLength(started)
  const lost = history.runs.filter(({ outcome }) => outcome === 'lost').length
  expect(lost).toBeGreaterThan(0)
  console.log(
    `seed ${seed()}: ${started} pipelines, ${history.tasks.length} tasks, ${kills} kills, ${lost} runs taken over, 0 violations`,
  )
}, 3_600_000)

test(
  'with containers: what sub-agents made before and after a kill is in the work of their task or turn, once',
  async () => {
    const next = random()
    const stage = testStage()
    const system = await startSystem({ stage, services: 'api,gateway', plan: '6' })
    const { client, db } = system
    const fleet = new Fleet(system, { WORKER_CONCURRENCY: '4' })
    await fleet.grow(2)
    const project = await client.createProject({ body: { name: 'Chaos' } })
    const params = { id: project.id }
    /** What runs a pipeline, and where its files are. */
    const tasks: Parent[] = []
    const turns: Parent[] = []
    const shapes = Object.values(ALL)
    const more = async (count: number) => {
      for (let n = 0; n < count; n++) {
        const number = tasks.length + turns.length
        const [shape, folder] = [shapes[number % shapes.length]!, `made/${number}`]
        const text = planOf(shape, folder)
        if (number % 3 === 2) {
          const thread = await client.createThread({ params, body: { title: folder } })
          await client.postMessage({ params: { id: thread.id }, body: { text, mode: 'build' } })
          turns.push({ threadId: thread.id, shape, folder })
        } else {
          const body = { tasks: [{ key: 'task', title: `Task ${number}`, plan: text }] }
          const { items } = await client.createTasks({ params, body })
          await client.acceptTasks({ params, body: { taskIds: items.map(({ id }) => id) } })
          tasks.push({ threadId: items[0]!.threadId, shape, folder })
        }
      }
    }
    await more(3)
    const kills = scale(30)
    while (fleet.faults.kills < kills) {
      const open = await db.prisma.task.count({
        where: { kind: { in: ['board', 'turn'] }, state: { in: ['active', 'queued', 'waiting', 'applying'] } },
      })
      if (open < 2) await more(3)
      await fleet.kill(next())
    }
    await fleet.settled()
    await eventually(
      async () => {
        const rows = await db.prisma.task.findMany({ where: { kind: { in: ['board', 'turn'] } } })
        const unfinished = rows.filter(({ state }) => state !== 'ready')
        expect(unfinished.map(({ title, state, failureText }) => [title, state, failureText])).toEqual([])
        expect(await db.prisma.apply.count({ where: { finishedAt: null } })).toBe(0)
        expect(await db.prisma.outbox.count()).toBe(0)
      },
      { timeoutMs: HOUR, intervalMs: 500 },
    )
    const history = await readHistory(db, { faulted: fleet.faults.workers })
    expect(check(history), `seed ${seed()}`).toEqual([])
    expect(history.pipelines).toHaveLength(tasks.length + turns.length)

    const git = createLocalGitStore({
      root: join(system.folder, 'repos'),
      allowLocalSources: false,
      env: process.env,
      onError: () => {},
    })
    for (const { threadId, shape, folder } of tasks) {
      const { baseSha, headSha } = await db.prisma.task.findFirstOrThrow({ where: { threadId, kind: 'board' } })
      const { files } = await git.diff(project.id, { base: baseSha!, head: headSha! })
      const added = files.map(({ path, hunks }) => [path, hunks.flatMap(({ lines }) => lines)])
      expect(added).toEqual(
        Object.entries(madeBy(shape, folder)).map(([path, lines]) => [path, lines.map(line => `+${line}`)]),
      )
    }
    const main = await clone({ ...project, token: system.token }, stage.onEnd)
    const onMain = Object.entries(await main.files()).filter(([path]) => path.startsWith('made/'))
    const made = turns.flatMap(({ shape, folder }) => Object.entries(madeBy(shape, folder)))
    expect(Object.fromEntries(onMain)).toEqual(
      Object.fromEntries(made.map(([path, lines]) => [path, `${lines.join('\n')}\n`])),
    )
    const { faults } = fleet
    console.log(
      `seed ${seed()}: ${tasks.length} tasks and ${turns.length} turns with pipelines, ${history.tasks.length} in containers, ` +
        `${faults.kills} kills, ${history.runs.filter(({ outcome }) => outcome === 'lost').length} runs taken over, 0 violations`,
    )
  },
  2 * HOUR,
)

interface Parent {
  threadId: string
  shape: Shape
  folder: string
}

/** Sub-agents that each add two lines to a file of their own, one a step; then the task or turn gathers them. */
function planOf(shape: Shape, folder: string): string {
  const line = (name: string, number: number) =>
    sh(`sleep 0.3; mkdir -p ${folder}; echo ${name} ${number} >> ${folder}/${name}.txt`)
  const tasks = Object.entries(shape).map(([name, depends_on]) => ({
    name,
    depends_on,
    prompt: plan(
      ...depends_on.map(other => sh(`grep -q "${other} 2" ${folder}/${other}.txt`)),
      line(name, 1),
      line(name, 2),
    ),
  }))
  return plan(parallel(...tasks), sh(`cat ${folder}/*.txt > ${folder}/all.txt`))
}

/** Lines of the files that come of it, in order of path. */
function madeBy(shape: Shape, folder: string): Record<string, string[]> {
  const names = Object.keys(shape)
  const lines = (name: string) => [`${name} 1`, `${name} 2`]
  const files = [['all', names.flatMap(lines)] as const, ...names.map(name => [name, lines(name)] as const)]
  return Object.fromEntries(
    files
      .map(([name, text]): [string, string[]] => [`${folder}/${name}.txt`, text])
      .sort(([a], [b]) => (a < b ? -1 : 1)),
  )
}
