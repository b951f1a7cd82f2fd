import { setTimeout as pause } from 'node:timers/promises'
import type { PipelineTaskView } from '../../shared/domain/pipeline-view.ts'
import type { CallKey, Claim, PipelineOutcome, PipelineTask, TaskStore } from '../../shared/runtime/task-store/index.ts'
import { draft, type Engine, type Project } from './engine.ts'
import { claimed, iterate, sha } from './runs.ts'

/** Names of tasks with those that each depends on, in the order in which they are asked for. */
export type Shape = Record<string, readonly string[]>

/** The shapes that the product promises, each with the names that say what stands where. */
export const SHAPES = {
  linear: { a: [], b: ['a'], c: ['b'] },
  'fan-out': { a: [], b: ['a'], c: ['a'] },
  diamond: { a: [], b: [], c: ['a', 'b'] },
  'three levels': { a: [], b: ['a'], c: ['a'], d: ['b', 'c'] },
  '8 wide': Object.fromEntries('abcdefgh'.split('').map(name => [name, []])),
} as const satisfies Record<string, Shape>

/** Two that everything builds on, a diamond on top of them, and one that nothing waits for. */
export const SIX: Shape = { a: [], b: [], c: ['a'], d: ['a', 'b'], e: ['c', 'd'], f: ['b'] }

/** The shape that a task is called after, such as `diamond 7`; null for any other name. */
export function shapeOf(title: string): Shape | null {
  const shapes: Record<string, Shape> = { ...SHAPES, six: SIX }
  return shapes[title.replace(/ \d+$/, '')] ?? null
}

export const tasksOf = (shape: Shape): PipelineTask[] =>
  Object.entries(shape).map(([name, dependsOn]) => ({ name, prompt: `do ${name}`, dependsOn }))

/** The first call of an attempt's first reply. */
export const firstCall = ({ attempt }: Pick<Claim, 'attempt'>): CallKey => ({ attempt, iteration: 1, callIndex: 0 })

/** Stores a reply that calls `parallel`, once. */
export async function askForPipeline(store: TaskStore, claim: Claim, tasks: readonly PipelineTask[]): Promise<void> {
  await store.open(claim, { baseSha: sha('1'), prompt: claim.title })
  const { iteration } = await store.load(claim)
  if (iteration > 0) return
  const calls = [{ id: 'c1', name: 'parallel', args: { tasks } }]
  await store.storeReply(claim, 1, { text: '', calls, usage: { inputTokens: 1, outputTokens: 1 } }, 0)
}

/** Stores the answer to that call and what the task made of it. */
export async function answerPipeline(store: TaskStore, claim: Claim, outcome: PipelineOutcome): Promise<void> {
  const { attempt } = claim
  const text = outcome.state
  const step = { callIndex: 0, tool: 'parallel', summary: 'parallel', args: {}, result: text, exitCode: null, ms: 1 }
  const results = { role: 'tool' as const, results: [{ callId: 'c1', name: 'parallel', text }] }
  await store.endIteration(claim, { attempt, iteration: 1, steps: [step], results, checkpoint: sha('4') })
}

export interface PipelineWork {
  /** What a task asks for; null where it works alone. */
  asks(claim: Claim): readonly PipelineTask[] | null
  /** What becomes of a sub-agent's task; done where it says nothing. */
  fate?(claim: Claim): 'done' | 'failed' | undefined | Promise<'done' | 'failed' | undefined>
  /** Iterations of a sub-agent, and their length. */
  steps?: number
  stepMs?: number
  onStart?(claim: Claim): void | Promise<void>
}

/** Runs as agents make them of which some start sub-agents: without containers, through the store alone. */
export const pipelineWork =
  (store: TaskStore, { asks, fate, steps = 1, stepMs = 0, onStart }: PipelineWork) =>
  async (claim: Claim): Promise<void> => {
    await onStart?.(claim)
    if (claim.kind === 'pipeline') {
      return child(store, claim, { failed: (await fate?.(claim)) === 'failed', steps, stepMs })
    }
    const tasks = asks(claim)
    if (tasks) {
      await askForPipeline(store, claim, tasks)
      if (await store.startPipeline(claim, firstCall(claim), { tasks, baseSha: sha('3') })) return
      const outcome = await store.pipelineOf(claim.taskId, firstCall(claim))
      if (!outcome) throw new Error('no pipeline')
      const { open } = await store.load(claim)
      if (open) await answerPipeline(store, claim, outcome)
    } else await store.open(claim, { baseSha: sha('1'), prompt: claim.title })
    for (let round = 0; round < 3; round++) {
      await store.readMessages(claim)
      if (await store.ready(claim, { headSha: sha('2'), branch: `tasks/${claim.number}`, output: claim.title })) return
    }
  }

async function child(
  store: TaskStore,
  claim: Claim,
  { failed, steps, stepMs }: { failed: boolean; steps: number; stepMs: number },
): Promise<void> {
  await store.open(claim, { baseSha: sha('3'), prompt: claim.text.plan })
  const { iteration: from } = await store.load(claim)
  for (let iteration = from + 1; iteration <= steps; iteration++) {
    if (stepMs > 0) await pause(stepMs)
    await store.readMessages(claim)
    await iterate(store, claim, iteration)
  }
  if (failed) return store.fail(claim, { code: 'planned', message: 'planned' })
  for (let round = 0; round < 3; round++) {
    if (await store.childDone(claim, { headSha: sha('5'), output: `did ${claim.title}` })) return
    await store.readMessages(claim)
  }
}

/** A task, claimed by hand, whose pipeline has been started; it waits. */
export async function parked(engine: Engine, project: Project, shape: Shape, title = 'parent') {
  const { store, db } = engine
  const [id] = (await store.createDrafts(project.id, [draft(title)])) as [string]
  await store.accept(project.id, [id])
  const claim = await claimed(engine, id)
  const tasks = tasksOf(shape)
  await askForPipeline(store, claim, tasks)
  await store.startPipeline(claim, firstCall(claim), { tasks, baseSha: sha('3') })
  const outcome = async () => (await store.pipelineOf(id, firstCall(claim)))!
  const { id: pipelineId, tasks: started } = await outcome()
  const children = Object.fromEntries(started.map(({ name, id }) => [name, id])) as Record<string, string>
  return {
    id,
    claim,
    pipelineId,
    /** Ids by name. */
    children,
    outcome,
    parent: () => db.prisma.task.findUniqueOrThrow({ where: { id } }),
    row: (name: string) => db.prisma.task.findUniqueOrThrow({ where: { id: children[name]! } }),
    /** A claim by hand of the named child. */
    claimOf: (name: string, worker?: string) => claimed(engine, children[name]!, worker),
    states: async () => Object.fromEntries((await outcome()).tasks.map(({ name, state }) => [name, state])),
  }
}

/** A pipeline as its picture shows it, with the seconds as given. */
export const pictured = ({ tasks }: PipelineOutcome, seconds?: number): PipelineTaskView[] =>
  tasks.map(({ activeSeconds, ...task }) => ({ ...task, seconds: seconds ?? activeSeconds }))
