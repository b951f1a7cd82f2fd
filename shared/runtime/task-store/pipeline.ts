import { v7 as uuid } from 'uuid'
import type { Task } from '../../../prisma/generated/client.ts'
import type { Change, StoreDeps } from './change.ts'
import { fencedEnd, type HeldEnd } from './fence.ts'
import { hasUnread } from './messages.ts'
import { move, moveAll, stateOf, succeeded } from './move.ts'
import { finishPipeline, tellPipeline } from './pipeline-end.ts'
import type { PipelineOutcome, PipelineState, PipelineStore, PipelineTask } from './pipeline-types.ts'
import { enqueue, fillSlots, release } from './queue.ts'
import type { CallKey } from './types.ts'

/** What runs write about the sub-agents that they start, and what these write of their end. */
export function createPipelineStore(deps: StoreDeps): PipelineStore {
  return {
    startPipeline: (fence, call, pipeline) =>
      fencedEnd(deps, fence, 'startPipeline', (unit, held) => startPipeline(unit, held, call, pipeline)),
    childDone: (fence, end) => fencedEnd(deps, fence, 'childDone', (unit, held) => childDone(unit, held, end)),
    pipelineOf: (taskId, call) => pipelineOf(deps, taskId, call),
  }
}

const nameOfCall = (taskId: string, { attempt, iteration, callIndex }: CallKey) => ({
  taskId_attempt_iteration_callIndex: { taskId, attempt, iteration, callIndex },
})

async function startPipeline(
  unit: Change,
  { organization, task, now }: HeldEnd,
  call: CallKey,
  request: { tasks: readonly PipelineTask[]; baseSha: string },
): Promise<boolean> {
  const known = await unit.sql.pipeline.findUnique({
    where: nameOfCall(task.id, call),
    include: { tasks: { select: { id: true }, orderBy: { id: 'asc' } } },
  })
  if (known && known.state !== 'running') return false
  const children = known ? known.tasks : await createPipeline(unit, { task, now }, call, request)
  const waitingFor = { reason: 'pipeline', waitingOn: children.map(({ id }) => id) }
  await move(unit, { task, now }, 'waiting', { waitingFor }, { waitingFor })
  await fillSlots(unit, organization)
  return true
}

/**
 * The pipeline with its tasks, accepted when their parent was and in line at once, so that nothing that was accepted later gets their
 * slots while they wait for each other. A turn is accepted by nobody: its sub-agents count from now on.
 */
async function createPipeline(
  unit: Change,
  { task: parent, now }: { task: Task; now: Date },
  { attempt, iteration, callIndex }: CallKey,
  { tasks, baseSha }: { tasks: readonly PipelineTask[]; baseSha: string },
): Promise<Task[]> {
  const { sql } = unit
  const { projectId, organizationId, priority, model } = parent
  const call = { attempt, iteration, callIndex }
  const pipeline = await sql.pipeline.create({ data: { id: uuid(), taskId: parent.id, ...call, baseSha } })
  tellPipeline(unit, parent, pipeline, 'running')
  const placed = tasks.map(task => ({ ...task, id: uuid(), threadId: uuid() }))
  const ids = new Map(placed.map(({ name, id }) => [name, id]))
  await sql.thread.createMany({
    data: placed.map(({ threadId, name }) => ({ id: threadId, projectId, kind: 'task', title: name })),
  })
  const common = { projectId, organizationId, priority, model, parentTaskId: parent.id, pipelineId: pipeline.id }
  const children = await sql.task.createManyAndReturn({
    data: placed.map(({ id, threadId, name, prompt }) => {
      const text = { key: name, title: name, description: '', plan: prompt, doneWhen: '' }
      return { ...common, ...text, id, threadId, kind: 'pipeline' }
    }),
  })
  await sql.edge.createMany({
    data: placed.flatMap(({ id: taskId, dependsOn }) =>
      [...new Set(dependsOn)].map((name, position) => ({ taskId, prerequisiteId: ids.get(name)!, position })),
    ),
  })
  for (const { id: taskId, threadId, title } of children) {
    const payload = { to: 'draft', number: null, title, pipelineId: pipeline.id }
    unit.event({ projectId, type: 'task.draft', taskId, threadId, payload })
  }
  const acceptedAt = parent.kind === 'turn' ? now : (parent.acceptedAt ?? now)
  await moveAll(unit, { tasks: children, now }, 'queued', { acceptedAt, inLineAt: now, attempt: 1 })
  await enqueue(
    unit,
    children.map(({ id }) => id),
  )
  return children
}

async function childDone(
  unit: Change,
  { organization, task, now }: HeldEnd,
  { headSha, output }: { headSha: string; output: string },
): Promise<boolean> {
  if (await hasUnread(unit, task.threadId)) return false
  const data = { ...succeeded(now), headSha, output }
  await move(unit, { task, now }, 'done', data, { headSha })
  await release(unit, task.id)
  const left = await unit.sql.task.count({ where: { pipelineId: task.pipelineId, state: { not: 'done' } } })
  if (left === 0) await finishPipeline(unit, task.pipelineId!, 'done', now)
  await fillSlots(unit, organization)
  return true
}

async function pipelineOf({ db }: StoreDeps, taskId: string, call: CallKey): Promise<PipelineOutcome | null> {
  const found = await db.prisma.pipeline.findUnique({
    where: nameOfCall(taskId, call),
    include: { tasks: { orderBy: { id: 'asc' }, include: { prerequisites: { orderBy: { position: 'asc' } } } } },
  })
  if (!found) return null
  const names = new Map(found.tasks.map(({ id, title }) => [id, title]))
  return {
    id: found.id,
    state: found.state as PipelineState,
    finishedAt: found.finishedAt,
    tasks: found.tasks.map(task => ({
      id: task.id,
      name: task.title,
      state: stateOf(task),
      dependsOn: task.prerequisites.map(({ prerequisiteId }) => names.get(prerequisiteId)!),
      output: task.output,
      failure: task.failureCode === null ? null : { code: task.failureCode, message: task.failureText ?? '' },
      activeSeconds: Number(task.activeMs) / 1000,
      baseSha: task.baseSha,
      headSha: task.headSha,
    })),
  }
}
