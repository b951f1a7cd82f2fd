import type { Prisma, Task } from '../../../prisma/generated/client.ts'
import { canMove, type TaskState } from '../../domain/task-state.ts'
import { Refused } from '../refused.ts'
import type { Change } from './change.ts'

export type TaskData = Prisma.TaskUncheckedUpdateManyInput

/** A row's state in the domain's words: the column is only ever written by `move`. */
export const stateOf = (task: { state: string }): TaskState => task.state as TaskState

/**
 * The one place that changes a task's state: a compare-and-set on the state (and epoch) that was read, with its event.
 * `task` has been locked before, so a loss here is a defect. Throws `Refused` where the table of states forbids the move.
 */
export async function move(
  { sql, event }: Change,
  { task, now }: { task: Task; now: Date },
  to: TaskState,
  data: TaskData = {},
  payload: Prisma.InputJsonObject = {},
): Promise<void> {
  const from = stateOf(task)
  if (!canMove(from, to)) throw illegalMove(task, to)
  const { count } = await sql.task.updateMany({
    where: { id: task.id, state: from, epoch: task.epoch },
    data: { ...(from === 'active' && leavingActive(task, now)), ...data, state: to },
  })
  if (count !== 1) throw new Error(`Task ${task.id} changed under its lock`)
  if (from === 'active') {
    await sql.run.updateMany({
      where: { taskId: task.id, epoch: task.epoch, endedAt: null },
      data: { endedAt: now, outcome: to },
    })
  }
  event({
    projectId: task.projectId,
    type: `task.${to}`,
    taskId: task.id,
    threadId: task.threadId,
    payload: { from, to, number: task.number, title: task.title, epoch: Number(task.epoch), ...payload },
  })
}

/** The lease ends, nothing is owed to the queue, and the time spent is added up. */
function leavingActive(task: Task, now: Date): TaskData {
  const spent = task.activeSince ? now.getTime() - task.activeSince.getTime() : 0
  return {
    leaseOwner: null,
    leaseUntil: null,
    dueAt: null,
    jobNumber: null,
    activeSince: null,
    activeMs: task.activeMs + BigInt(Math.max(0, spent)),
  }
}

const WORDS: Record<TaskState, string> = {
  draft: 'a draft',
  queued: 'queued',
  active: 'active',
  waiting: 'waiting',
  ready: 'ready',
  applying: 'being applied',
  done: 'done',
  failed: 'failed',
  cancelled: 'cancelled',
  skipped: 'skipped',
  dismissed: 'dismissed',
}

/** 409 with the state that the task is in. */
export function illegalMove(task: { number: number; title: string; state: string }, to: TaskState): Refused {
  return new Refused(
    'illegal_state',
    `Task #${task.number} “${task.title}” is ${WORDS[stateOf(task)]} (${task.state}), so it cannot become ${to}.`,
  )
}
