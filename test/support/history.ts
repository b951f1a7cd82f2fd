import type { ProjectSettings } from '../../shared/contract/project.ts'
import { parallelLimit } from '../../shared/domain/limits.ts'
import type { TaskState } from '../../shared/domain/task-state.ts'
import type { Database } from '../../shared/runtime/db.ts'
import type { Write } from './recorded-store.ts'

/** An event of the product, as the checker reads it. `seq` counts within its project, `at` is Postgres time in ms. */
export interface HistoryEvent {
  projectId: string
  seq: number
  type: string
  taskId: string | null
  at: number
  payload: Record<string, unknown>
}

export interface HistoryTask {
  id: string
  projectId: string
  organizationId: string
  threadId: string
  title: string
  state: TaskState
  attempt: number
  iterations: number
  epoch: number
  inLine: boolean
  hasJob: boolean
  /** It is tried again later, by itself. */
  rests: boolean
  parentTaskId: string | null
  pipelineId: string | null
  headSha: string | null
  prerequisites: string[]
}

export interface HistoryMessage {
  id: string
  threadId: string
  role: string
  position: number | null
  attempt: number
  iteration: number | null
  /** How many tools it calls. */
  calls: number
}

export interface HistoryRun {
  taskId: string
  epoch: number
  worker: string
  ended: boolean
  outcome: string | null
}

/** All that happened in a system, and the state that it ended in. */
export interface History {
  events: HistoryEvent[]
  tasks: HistoryTask[]
  runs: HistoryRun[]
  checkpoints: { taskId: string; epoch: number; attempt: number; iteration: number; sha: string }[]
  messages: HistoryMessage[]
  pipelines: {
    id: string
    taskId: string
    threadId: string
    state: string
    call: { attempt: number; iteration: number; callIndex: number }
  }[]
  applies: { taskId: string; phase: string; open: boolean }[]
  organizations: { id: string; limit: number }[]
  projects: { id: string; organizationId: string; maxParallel: number | null; lastSeq: number }[]
  outbox: number
  fencedWrites: number
  /** What workers tried to write and were told, in the order of their answers. Empty where nobody recorded it. */
  writes: readonly Write[]
  /** Workers that a fault befell, so that others may have taken over from them. */
  faulted: ReadonlySet<string>
}

/** What turns do has events of its own without a task: of them only their pipelines are there. */
const NO_TURN = { kind: { not: 'turn' } }

/** Reads the history of a system out of its database. */
export async function readHistory(
  { prisma }: Database,
  { writes = [], faulted = [] }: { writes?: readonly Write[]; faulted?: Iterable<string> } = {},
): Promise<History> {
  const events = await prisma.event.findMany({ orderBy: [{ projectId: 'asc' }, { seq: 'asc' }] })
  const tasks = await prisma.task.findMany({
    where: NO_TURN,
    include: { prerequisites: { orderBy: { position: 'asc' } } },
  })
  const pipelines = await prisma.pipeline.findMany({ include: { task: { select: { threadId: true } } } })
  const organizations = await prisma.organization.findMany()
  const projects = await prisma.project.findMany({ include: { counter: true } })
  return {
    events: events.map(({ projectId, seq, type, taskId, at, payload }) => ({
      projectId,
      seq: Number(seq),
      type,
      taskId,
      at: at.getTime(),
      payload: payload as Record<string, unknown>,
    })),
    tasks: tasks.map(task => ({
      id: task.id,
      projectId: task.projectId,
      organizationId: task.organizationId,
      threadId: task.threadId,
      title: task.title,
      state: task.state as TaskState,
      attempt: task.attempt,
      iterations: task.iterations,
      epoch: Number(task.epoch),
      inLine: task.inLineAt !== null,
      hasJob: task.jobNumber !== null,
      rests: task.dueAt !== null,
      parentTaskId: task.parentTaskId,
      pipelineId: task.pipelineId,
      headSha: task.headSha,
      prerequisites: task.prerequisites.map(({ prerequisiteId }) => prerequisiteId),
    })),
    runs: (await prisma.run.findMany({ where: { task: NO_TURN } })).map(
      ({ taskId, epoch, worker, endedAt, outcome }) => ({
        taskId,
        epoch: Number(epoch),
        worker,
        ended: endedAt !== null,
        outcome,
      }),
    ),
    checkpoints: (await prisma.checkpoint.findMany({ where: { task: NO_TURN } })).map(row => ({
      ...row,
      epoch: Number(row.epoch),
    })),
    messages: (await prisma.message.findMany()).map(({ parts, ...message }) => ({
      ...message,
      calls: (parts as { type: string }[]).filter(({ type }) => type === 'call').length,
    })),
    pipelines: pipelines.map(({ id, taskId, task, state, attempt, iteration, callIndex }) => ({
      id,
      taskId,
      threadId: task.threadId,
      state,
      call: { attempt, iteration, callIndex },
    })),
    applies: (await prisma.apply.findMany({ where: { task: NO_TURN } })).map(({ taskId, phase, finishedAt }) => ({
      taskId,
      phase,
      open: finishedAt === null,
    })),
    organizations: organizations.map(({ id, plan }) => ({ id, limit: parallelLimit(plan) })),
    projects: projects.map(({ id, organizationId, settings, counter }) => ({
      id,
      organizationId,
      maxParallel: (settings as ProjectSettings).maxParallel,
      lastSeq: Number(counter?.seq ?? 0),
    })),
    outbox: await prisma.outbox.count(),
    fencedWrites: await prisma.fencedWrite.count(),
    writes,
    faulted: new Set(faulted),
  }
}

/** The moves of tasks among the events, in the order of their project. */
export interface Move {
  projectId: string
  seq: number
  at: number
  taskId: string
  from: TaskState | null
  to: TaskState
  epoch: number
}

export function movesOf({ events }: Pick<History, 'events'>): Move[] {
  return events.flatMap(({ projectId, seq, at, type, taskId, payload }) => {
    if (taskId === null || typeof payload.to !== 'string' || type !== `task.${payload.to}`) return []
    const from = (payload.from as TaskState | undefined) ?? null
    return [{ projectId, seq, at, taskId, from, to: payload.to as TaskState, epoch: Number(payload.epoch ?? 0) }]
  })
}
