import type { Task } from '../../../prisma/generated/client.ts'
import { Prisma } from '../db.ts'
import { notFound, Refused } from '../refused.ts'
import type { Change } from './change.ts'
import { lockOrganizationOf, lockTask, lockTasks } from './lock.ts'
import { appendMessage, nextPosition, threadOf } from './messages.ts'
import { illegalMove, move, moveAll, nameOf, stateOf, type TaskData } from './move.ts'
import { refusePipelineTask, stopPipelines } from './pipeline-end.ts'
import { discardJob, enqueue, fillSlots } from './queue.ts'
import { dropFromStarted, markDependantsStale } from './stale.ts'

/** Accepts the given drafts, or all of the project; gives the ids of those accepted. */
export async function acceptDrafts(change: Change, projectId: string, taskIds?: readonly string[]): Promise<string[]> {
  const { sql } = change
  await lockOrganizationOf(sql, projectId)
  const wanted =
    taskIds ??
    (await sql.task.findMany({ where: { projectId, state: 'draft', kind: 'board' }, select: { id: true } })).map(
      ({ id }) => id,
    )
  const { tasks, now } = await lockTasks(sql, [...new Set(wanted)])
  if (
    taskIds &&
    tasks.filter(task => task.projectId === projectId && task.kind !== 'turn').length < new Set(taskIds).size
  )
    throw notFound('task')
  for (const task of tasks) refusePipelineTask(task)
  const drafts = tasks.filter(task => stateOf(task) === 'draft')
  const other = tasks.find(task => stateOf(task) !== 'draft')
  if (taskIds && other) throw illegalMove(other, 'queued')

  const inOrder = drafts.sort((a, b) => a.number! - b.number!)
  await moveAll(change, { tasks: inOrder, now }, 'queued', { acceptedAt: now, attempt: 1 })
  const ids = inOrder.map(({ id }) => id)
  await enqueue(change, ids)
  return ids
}

/** Discards the task. What others have built on it no longer fits the project. */
export async function dismissTask(change: Change, taskId: string): Promise<void> {
  const { organization, task, now } = await lockTask(change.sql, taskId)
  refusePipelineTask(task)
  await move(change, { task, now }, 'dismissed', { finishedAt: now })
  await markDependantsStale(change, task, `“${task.title}”, on which it builds, was dismissed`)
  await dropFromStarted(change, task)
  await fillSlots(change, organization)
}

/** Stops the task where it is, and the pipeline that it belongs to or waits for: checkpoints are kept. */
export async function cancelTask(change: Change, taskId: string): Promise<void> {
  const { organization, task, now } = await lockTask(change.sql, taskId)
  await move(change, { task, now }, 'cancelled', {
    finishedAt: now,
    waitingFor: Prisma.DbNull,
    inLineAt: null,
    dueAt: null,
    jobNumber: null,
    failureCode: 'cancelled',
    failureText: 'Cancelled on request.',
  })
  change.nudge(taskId)
  await discardJob(change, task)
  await stopPipelines(change, { task, now }, 'cancelled')
  await fillSlots(change, organization)
}

/**
 * Starts a failed or cancelled task again from its last checkpoint. A ready task that no longer stands on its
 * prerequisites' work is done anew on a fresh base.
 */
export async function retryTask(change: Change, taskId: string): Promise<void> {
  const { task, now } = await lockTask(change.sql, taskId)
  refusePipelineTask(task)
  const state = stateOf(task)
  if (state === 'ready' && !task.staleReason) {
    throw new Refused(
      'illegal_state',
      `Task ${nameOf(task)} is ready: apply it, dismiss it, or write in its thread what should be different.`,
    )
  }
  if (state !== 'failed' && state !== 'cancelled' && state !== 'ready') throw illegalMove(task, 'queued')
  if (task.staleReason) return startAgain(change, { task, now }, await afresh(change, task))
  await startAgain(change, { task, now })
  // Read before the next reply, so that the model knows why it is asked again.
  await appendMessage(change, threadOf(task), { role: 'system', text: startedAgain(task), attempt: task.attempt + 1 })
}

const startedAgain = ({ failureText }: Task): string =>
  `The task was started again, on the work of its last checkpoint.${failureText ? ` Before that: ${failureText}` : ''}\n\nGo on from where it stopped.`

/** Back to the queue for another attempt, with what `data` says besides. */
export async function startAgain(
  change: Change,
  locked: { task: Task; now: Date },
  data: TaskData = {},
): Promise<void> {
  const { task } = locked
  await move(change, locked, 'queued', {
    attempt: task.attempt + 1,
    deaths: 0,
    brokenRuns: 0,
    iterations: 0,
    checkFixes: 0,
    checkStatus: null,
    checkPassed: null,
    checkFailed: null,
    failureCode: null,
    failureText: null,
    readyAt: null,
    finishedAt: null,
    ...data,
  })
  await enqueue(change, [task.id])
}

/** What people have said of work that is done anew holds for the new work too, and is read again. */
async function repeatWords(change: Change, task: Task): Promise<void> {
  const [, ...said] = await change.sql.message.findMany({
    where: { threadId: task.threadId, role: 'user', position: { gte: task.historyFrom } },
    orderBy: { position: 'asc' },
  })
  if (said.length === 0) return
  const text = ['What was said of the earlier work:', ...said.map(message => message.text)].join('\n\n')
  await appendMessage(change, threadOf(task), { role: 'user', text, attempt: task.attempt + 1 })
}

/** Forgets base, work and conversation, so that the next run begins on the prerequisites as they are then. */
async function afresh(change: Change, task: Task): Promise<TaskData> {
  await repeatWords(change, task)
  return { baseSha: null, headSha: null, staleReason: null, historyFrom: await nextPosition(change, task.threadId) }
}
