import type { Task } from '../../../prisma/generated/client.ts'
import { Prisma } from '../db.ts'
import { Refused } from '../refused.ts'
import type { Change } from './change.ts'
import { lockTasks } from './lock.ts'
import { moveAll, stateOf } from './move.ts'
import type { PipelineState } from './pipeline-types.ts'
import { discardJob } from './queue.ts'
import { wake } from './wake.ts'

/** What a pipeline has come to, told of the task or turn that waits for it. */
export function tellPipeline(
  { event }: Change,
  parent: Pick<Task, 'kind' | 'id' | 'projectId' | 'threadId'>,
  { id }: { id: string },
  state: PipelineState,
): void {
  const { kind, id: taskId, projectId, threadId } = parent
  const payload: Prisma.InputJsonObject = { pipelineId: id }
  event({ projectId, threadId, ...(kind !== 'turn' && { taskId }), type: `pipeline.${state}`, payload })
}

/**
 * What the bad end of a task does to pipelines: the one that it is a part of stops, and so does the one that it was waiting for. Called
 * in the transaction that moves it, with the organization locked; whoever calls gives the slots away afterwards.
 */
export async function stopPipelines(
  unit: Change,
  { task, now }: { task: Pick<Task, 'id' | 'title' | 'pipelineId'>; now: Date },
  ended: 'failed' | 'cancelled',
): Promise<void> {
  const cause = ended === 'failed' ? `“${task.title}” failed` : `“${task.title}” was cancelled`
  if (task.pipelineId) await stopPipeline(unit, task.pipelineId, { state: ended, cause }, now)
  const own = await unit.sql.pipeline.findFirst({ where: { taskId: task.id, state: 'running' } })
  if (own) await stopPipeline(unit, own.id, { state: 'cancelled', cause: 'The agent that started it was stopped' }, now)
}

/** Fail fast: what runs is cancelled, what has not started is skipped, what is done stays so. */
async function stopPipeline(
  unit: Change,
  pipelineId: string,
  { state, cause }: { state: 'failed' | 'cancelled'; cause: string },
  now: Date,
): Promise<void> {
  const open = await unit.sql.task.findMany({
    where: { pipelineId, state: { in: ['queued', 'active', 'waiting'] } },
    select: { id: true },
  })
  const { tasks } = await lockTasks(
    unit.sql,
    open.map(({ id }) => id),
  )
  const failureCode = 'pipeline_stopped'
  const ended = {
    finishedAt: now,
    waitingFor: Prisma.DbNull,
    inLineAt: null,
    dueAt: null,
    jobNumber: null,
    failureCode,
  }
  const { started = [], fresh = [] } = Object.groupBy(tasks, ({ startedAt }) => (startedAt ? 'started' : 'fresh'))
  const cancelled = { ...ended, failureText: `${cause}, which stopped the pipeline.` }
  const skipped = { ...ended, failureText: `${cause}, which stopped the pipeline before this task could start.` }
  await moveAll(unit, { tasks: started, now }, 'cancelled', cancelled, { failure: failureOf(cancelled) })
  await moveAll(unit, { tasks: fresh, now }, 'skipped', skipped, { failure: failureOf(skipped) })
  for (const task of tasks) {
    if (stateOf(task) === 'active') unit.nudge(task.id)
    else await discardJob(unit, task)
  }
  await finishPipeline(unit, pipelineId, state, now)
}

const failureOf = ({ failureCode: code, failureText: message }: { failureCode: string; failureText: string }) => ({
  code,
  message,
})

/**
 * The pipeline has come to its end, once. The task that waits for it goes on, in its place in line: what was accepted later does not
 * get the slot that its last sub-agent leaves.
 */
export async function finishPipeline(
  unit: Change,
  pipelineId: string,
  state: Exclude<PipelineState, 'running'>,
  now: Date,
): Promise<void> {
  const { count } = await unit.sql.pipeline.updateMany({
    where: { id: pipelineId, state: 'running' },
    data: { state, finishedAt: now },
  })
  if (count === 0) return
  const { taskId } = await unit.sql.pipeline.findUniqueOrThrow({ where: { id: pipelineId } })
  const { tasks } = await lockTasks(unit.sql, [taskId])
  const parent = tasks[0]!
  tellPipeline(unit, parent, { id: pipelineId }, state)
  if (stateOf(parent) !== 'waiting') return
  await wake(unit, { task: parent, now }, parent.kind === 'turn' ? {} : { inLineAt: now })
}

/** Refuses what people may do with tasks of the board only. */
export function refusePipelineTask(task: Pick<Task, 'pipelineId' | 'title'>): void {
  if (!task.pipelineId) return
  throw new Refused(
    'illegal_state',
    `“${task.title}” belongs to a pipeline; its fate is decided by the task that started it.`,
  )
}
