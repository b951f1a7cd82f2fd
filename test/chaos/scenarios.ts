import { setTimeout as pause } from 'node:timers/promises'
import type { Claim, TaskStore } from '../../shared/runtime/task-store/index.ts'
import { draft, type Engine, type Project } from '../support/engine.ts'
import { eventually } from '../support/eventually.ts'
import { askForPipeline, firstCall, pipelineWork, SHAPES, SIX, tasksOf } from '../support/pipelines.ts'
import { untilQuiet } from '../support/quiet.ts'
import { recordedStore, type Write } from '../support/recorded-store.ts'
import { claimAs, claimed, expireLease, iterate, sha, work } from '../support/runs.ts'

export interface Stage {
  engine: Engine
  /** The engine's store, what runs write with it recorded. */
  store: TaskStore
  writes: Write[]
  faulted: Set<string>
}

export type Scenario = (stage: Stage) => Promise<void>

export const stageFor = (engine: Engine): Stage => {
  const writes: Write[] = []
  return { engine, store: recordedStore(engine.store, write => writes.push(write)), writes, faulted: new Set() }
}

async function accepted({ engine }: Stage, project: Project, drafts: Parameters<TaskStore['createDrafts']>[1]) {
  const ids = await engine.store.createDrafts(project.id, drafts)
  await engine.store.accept(project.id)
  return ids
}

/** Two diamonds in a row on the smallest plan. */
export const diamonds: Scenario = async stage => {
  const { engine, store } = stage
  const project = await engine.project({ plan: 'core' })
  await engine.startWorker(work(store), { store, keeper: false })
  await accepted(stage, project, [
    draft('a'),
    draft('b', ['a']),
    draft('c', ['a']),
    draft('d', ['b', 'c']),
    draft('e', ['d']),
    draft('f', ['d']),
    draft('g', ['e', 'f']),
  ])
  await untilQuiet(engine)
}

/** Many independent tasks that want the same few slots at once. */
export const crowd: Scenario = async stage => {
  const { engine, store } = stage
  const limited = await engine.project({ plan: 'pro', settings: { maxParallel: 3 } })
  const project = await engine.project({ plan: 'core' })
  const brief = async (claim: Claim) => {
    await pause(5)
    await work(store, 0)(claim)
  }
  await engine.startWorker(brief, { store, keeper: false, concurrency: 32 })
  const names = Array.from({ length: 16 }, (_, index) => draft(`t${index}`))
  await accepted(stage, limited, names)
  await accepted(stage, project, names)
  await untilQuiet(engine)
}

/** Over and over, one that matters more comes at some moment of another's claim, and there is one slot. */
export const urgent: Scenario = async ({ engine, store }) => {
  const project = await engine.project({ plan: '1' })
  for (let round = 0; round < 10; round++) {
    const drafts = [draft(`calm${round}`), draft(`urgent${round}`, [], { priority: 9 })]
    const [calm, urgent] = (await store.createDrafts(project.id, drafts)) as [string, string]
    await store.accept(project.id, [calm])
    const overtake = async () => {
      await pause(10 * round)
      await store.accept(project.id, [urgent])
      return claimAs(engine, urgent, 'urgent')
    }
    const results = await Promise.all([claimAs(engine, calm, 'calm'), overtake()])
    for (const result of results) if (result.kind === 'claimed') await work(store, 0)(result.claim)
    for (const [index, { kind }] of results.entries()) {
      if (kind === 'refused') await work(store, 0)(await claimed(engine, [calm, urgent][index]!))
    }
  }
}

/** A worker hangs, another takes its task over, and then the first wakes up and goes on writing. */
export const zombie: Scenario = async stage => {
  const { engine, store } = stage
  const project = await engine.project()
  const [id] = (await accepted(stage, project, [draft('a')])) as [string]
  const first = await claimed(engine, id, 'zombie')
  await store.open(first, { baseSha: sha('1'), prompt: 'a' })
  await iterate(store, first, 1)
  stage.faulted.add('zombie')
  await expireLease(engine, id)
  const second = await claimed(engine, id, 'heir')
  await store.load(second).catch(() => {})
  const late = async () => {
    await iterate(store, first, 2)
    await store.ready(first, { headSha: sha('3'), branch: 'tasks/1', output: 'late' })
  }
  await late().catch(() => {})
  await work(store, 3)(second).catch(() => {})
  await untilQuiet(engine)
}

/** While a worker is well, the queue gives its job to another: as when a lock in Redis was lost. */
export const stolenJob: Scenario = async stage => {
  const { engine, store } = stage
  const project = await engine.project()
  const [id] = (await accepted(stage, project, [draft('a')])) as [string]
  const owner = await claimed(engine, id, 'owner')
  const thief = await claimAs(engine, id, 'thief')
  if (thief.kind === 'claimed') await work(store)(thief.claim).catch(() => {})
  await work(store)(owner).catch(() => {})
  await untilQuiet(engine)
}

/** Somebody writes to a task while it runs, and again in the moment in which it ends. */
export const messages: Scenario = async stage => {
  const { engine, store } = stage
  const project = await engine.project()
  const [id] = (await accepted(stage, project, [draft('a')])) as [string]
  const { threadId } = await engine.db.prisma.task.findUniqueOrThrow({ where: { id } })
  const claim = await claimed(engine, id)
  await store.open(claim, { baseSha: sha('1'), prompt: 'a' })
  await engine.store.postMessage(threadId, 'use tabs')
  await store.readMessages(claim)
  await store.readMessages(claim)
  await engine.store.postMessage(threadId, 'and no semicolons')
  await store.ready(claim, { headSha: sha('2'), branch: 'tasks/1', output: '' })
  await work(store)(claim).catch(() => {})
  await untilQuiet(engine)
}

/** A worker shuts down in the middle of a task, which goes on elsewhere; then a person sends it back to work. */
export const givenBack: Scenario = async stage => {
  const { engine, store } = stage
  const project = await engine.project()
  const [id] = (await accepted(stage, project, [draft('a')])) as [string]
  const first = await claimed(engine, id, 'leaver')
  await store.open(first, { baseSha: sha('1'), prompt: 'a' })
  await iterate(store, first, 1)
  await iterate(store, first, 2)
  await store.giveBack(first)
  await work(store, 3)(await claimed(engine, id, 'successor'))
  const { threadId } = await engine.db.prisma.task.findUniqueOrThrow({ where: { id } })
  await engine.store.postMessage(threadId, 'once more')
  await work(store, 2)(await claimed(engine, id, 'successor'))
  await untilQuiet(engine)
}

/** Cancel and finish race for the same tasks. */
export const cancelRaces: Scenario = async stage => {
  const { engine, store } = stage
  const project = await engine.project({ plan: '100' })
  const ids = await accepted(
    stage,
    project,
    Array.from({ length: 12 }, (_, index) => draft(`t${index}`)),
  )
  await Promise.all(
    ids.map(async id => {
      const claim = await claimed(engine, id)
      const ready = store.ready(claim, { headSha: sha('2'), branch: `tasks/${claim.number}`, output: '' })
      await Promise.allSettled([ready, engine.store.cancel(id)])
    }),
  )
  await untilQuiet(engine)
}

/** Three tasks in a row are applied with one request, by hands that repeat their last step. */
export const applies: Scenario = async stage => {
  const { engine, store } = stage
  const project = await engine.project()
  await engine.startWorker(work(store, 0), { store, keeper: false })
  const ids = await accepted(stage, project, [draft('a'), draft('b', ['a']), draft('c', ['b'])])
  await untilQuiet(engine)
  await store.requestApply(ids[2]!)
  const line = await store.claimLine(project.id, 'by-hand')
  if (!('fence' in line)) throw new Error('the line is busy')
  for (let apply = await store.nextApply(line.fence); apply; apply = await store.nextApply(line.fence)) {
    await store.applyPhase(line.fence, apply, { phase: 'merging' })
    const end = { mergeSha: sha('4'), headSha: sha('4') }
    await store.applied(line.fence, apply, end)
    await store.applied(line.fence, apply, end).catch(() => {})
  }
  await store.releaseLine(line.fence)
  // The relay has handed the line to the queue, where no worker of this test takes it.
  await eventually(() => untilQuiet(engine))
}

/** Two tasks with sub-agents on the smallest plan; one of these fails, one that works is cancelled, and one is told something more. */
export const pipelines: Scenario = async stage => {
  const { engine, store } = stage
  const project = await engine.project({ plan: 'core' })
  const asks = ({ title }: Claim) => (title === 'alone' ? null : tasksOf(title === 'wide' ? SHAPES['8 wide'] : SIX))
  const parents = await accepted(
    stage,
    project,
    ['deep', 'wide', 'broken', 'left', 'alone'].map(key => draft(key)),
  )
  const broken = parents[2]!
  const onStart = async ({ kind, pipelineId, title, threadId }: Claim) => {
    if (kind !== 'pipeline' || title !== 'a') return
    const parent = (await engine.db.prisma.pipeline.findUniqueOrThrow({ where: { id: pipelineId! } })).taskId
    if (parent === parents[0]) await engine.store.postMessage(threadId, 'mind the gap')
    if (parent === parents[3]) await engine.store.cancel(parent)
  }
  const fates = new Map([[broken, 'd']])
  const fate = async ({ title, pipelineId }: Claim) => {
    const { taskId } = await engine.db.prisma.pipeline.findUniqueOrThrow({ where: { id: pipelineId! } })
    return fates.get(taskId) === title ? 'failed' : 'done'
  }
  await engine.startWorker(pipelineWork(store, { asks, fate, onStart }), { store, keeper: false })
  await untilQuiet(engine)
}

/** Sub-agents whom no limit puts in order, so that nothing but their prerequisites does. */
export const unlimitedPipeline: Scenario = async stage => {
  const { engine, store } = stage
  const project = await engine.project({ plan: '100' })
  await engine.startWorker(pipelineWork(store, { asks: () => tasksOf(SIX), steps: 2, stepMs: 50 }), {
    store,
    keeper: false,
  })
  await accepted(stage, project, [draft('parent')])
  await untilQuiet(engine)
}

/** A task whose sub-agents have ended asks for them once more, as one does whose answer was lost. */
export const repeatedCall: Scenario = async stage => {
  const { engine, store } = stage
  const project = await engine.project()
  const [id] = (await accepted(stage, project, [draft('parent')])) as [string]
  const tasks = tasksOf(SHAPES.linear)
  const call = async (claim: Claim) => {
    await askForPipeline(store, claim, tasks)
    return store.startPipeline(claim, firstCall(claim), { tasks, baseSha: sha('3') })
  }
  await call(await claimed(engine, id))
  for (const name of ['a', 'b', 'c']) {
    const child = await engine.db.prisma.task.findFirstOrThrow({ where: { parentTaskId: id, title: name } })
    await pipelineWork(store, { asks: () => null })(await claimed(engine, child.id))
  }
  const claim = await claimed(engine, id)
  if (await call(claim)) await engine.store.cancel(id)
  else await store.ready(claim, { headSha: sha('2'), branch: 'tasks/1', output: '' })
  await untilQuiet(engine)
}

/** Two people each close half of a circle. */
export const circle: Scenario = async ({ engine }) => {
  const project = await engine.project()
  const [a, b] = (await engine.store.createDrafts(project.id, [draft('a'), draft('b')])) as [string, string]
  await Promise.allSettled([engine.store.update(a, { dependsOn: [b] }), engine.store.update(b, { dependsOn: [a] })])
  await untilQuiet(engine)
}
