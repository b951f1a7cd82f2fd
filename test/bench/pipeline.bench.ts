import { setTimeout as pause } from 'node:timers/promises'
import type { Claim } from '../../shared/runtime/task-store/index.ts'
import { draft, type Engine, startEngine } from '../support/engine.ts'
import { eventually } from '../support/eventually.ts'
import { pipelineWork, SHAPES, tasksOf } from '../support/pipelines.ts'
import { parallel, sh } from '../support/runbook.ts'
import type { Stage } from '../support/servers.ts'
import { type System, startSystem } from '../support/system.ts'
import { bench, inTurns } from './measure.ts'
import { memoryOf, residentOf, samples } from './memory.ts'

const PARKED = 8
const WARM_UPS = 4

/** What sub-agents cost beside plain tasks, without containers; and what a task holds that waits for its sub-agents. */
await bench('pipeline', async ({ stage, row }) => {
  const engine = await startEngine({ stage })
  const measured = await inTurns(60, await eight(engine), { withinMs: 20_000 })
  row(
    'Pipeline of 8 no-op sub-agents, from the call until its task goes on',
    'ms',
    measured,
    '8 plain tasks, accept to ready',
  )

  const { perParked, containers } = await parkedParents(stage)
  row(
    'Worker process, for each task that waits for its sub-agents',
    'MiB',
    { slipway: perParked, baseline: containers },
    'container of a running task',
  )
})

/** Both sides with the same runs: eight tasks that do nothing. */
async function eight(engine: Engine) {
  const { store } = engine
  const project = await engine.project({ plan: '100' })
  const asks = ({ title }: Claim) => (title === 'parent' ? tasksOf(SHAPES['8 wide']) : null)
  let calledAt = 0
  let left = 0
  let over = (_ms: number) => {}
  const work = pipelineWork(store, { asks, steps: 0 })
  await engine.startWorker(
    async claim => {
      if (claim.title === 'parent' && claim.epoch === 2n) over(performance.now() - calledAt)
      else if (claim.title === 'parent') calledAt = performance.now()
      await work(claim)
      if (claim.kind === 'board' && claim.title !== 'parent' && --left === 0) over(performance.now() - calledAt)
    },
    { concurrency: 10 },
  )
  const begun = () =>
    new Promise<number>(resolve => {
      over = resolve
    })
  return {
    slipway: async () => {
      const took = begun()
      await store.accept(project.id, await store.createDrafts(project.id, [draft('parent')]))
      return took
    },
    baseline: async () => {
      const took = begun()
      const names = Object.keys(SHAPES['8 wide'])
      const ids = await store.createDrafts(
        project.id,
        names.map(name => draft(name)),
      )
      left = names.length
      calledAt = performance.now()
      await store.accept(project.id, ids)
      return took
    },
  }
}

/** Threads whose agents wait for sub-agents that wait for the only slot, which a task holds that sleeps in its container. */
async function parkedParents(stage: Stage): Promise<{ perParked: number[]; containers: number[] }> {
  const env = { NODE_ENV: 'production', LOG_LEVEL: 'warn' }
  const system = await startSystem({ services: 'api,gateway', plan: '1', env, stage })
  const worker = await system.start('worker')
  const { id } = await system.client.createProject({ body: { name: 'Bench' } })
  const tasks = [draft('sleep', [], { plan: sh('sleep 1000') })]
  await system.client.createTasks({ params: { id }, body: { tasks } })
  await system.client.acceptTasks({ params: { id }, body: {} })
  await eventually(async () => {
    if ((await system.containers()).length !== 1) throw new Error('the task does not run yet')
  })
  // Some rounds before it counts, as a process grows with the first turns that it runs, whatever becomes of them.
  for (let round = 0; round < WARM_UPS; round++) {
    const threads = await park(system, id)
    for (const thread of threads) await system.client.stopThread({ params: { id: thread } })
  }
  await pause(3_000)
  const before = await samples(() => residentOf(worker.pid))
  await park(system, id)
  await pause(3_000)
  const after = await samples(() => residentOf(worker.pid))
  const running = await system.containers()
  if (running.length !== 1) throw new Error(`${running.length - 1} containers of tasks that wait`)
  return {
    perParked: after.map((mib, index) => (mib - before[index]!) / PARKED),
    containers: await samples(() => memoryOf(running[0]!.Id)),
  }
}

/** Threads that have asked for sub-agents and wait; their ids. */
async function park({ client, db }: System, projectId: string): Promise<string[]> {
  const text = parallel({ name: 'one', prompt: sh('true') }, { name: 'two', prompt: sh('true') })
  const ids: string[] = []
  for (let index = 0; index < PARKED; index++) {
    const thread = await client.createThread({ params: { id: projectId }, body: { title: `Thread ${index}` } })
    await client.postMessage({ params: { id: thread.id }, body: { text, mode: 'build' } })
    ids.push(thread.id)
  }
  await eventually(
    async () => {
      const waiting = await db.prisma.task.count({ where: { threadId: { in: ids }, state: 'waiting' } })
      if (waiting < PARKED) throw new Error(`${waiting} wait`)
    },
    { timeoutMs: 120_000 },
  )
  return ids
}
