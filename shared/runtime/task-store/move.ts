import type { Prisma, Task } from '../../../prisma/generated/client.ts'
import { canMove, type TaskState } from '../../domain/task-state.ts'
import { Refused } from '../refused.ts'
import { type Change, runEvent } from './change.ts'

export type TaskData = Prisma.TaskUncheckedUpdateManyInput

/** A row's state in the domain's words: the column is only ever written by `move`. */
export const stateOf = (task: { state: string }): TaskState => task.state as TaskState

/** What a run that ends well leaves of its troubles: nothing. */
export const succeeded = (now: Date) =>
  ({ finishedAt: now, failureCode: null, failureText: null, deaths: 0, brokenRuns: 0 }) satisfies TaskData

/** Moves one task, as `moveAll` moves many. */
export function move(
  change: Change,
  { task, now }: { task: Task; now: Date },
  to: TaskState,
  data: TaskData = {},
  payload: Prisma.InputJsonObject = {},
): Promise<void> {
  return moveAll(change, { tasks: [task], now }, to, data, payload)
}

/**
 * The one place that changes tasks' states: a compare-and-set on the state (and epoch) that was read, with its event; one
 * statement for all that were read alike. They have been locked before, so a loss here is a defect. Throws `Refused` where the
 * table of states forbids the move of one of them.
 */
export async function moveAll(
  { sql, event }: Change,
  { tasks, now }: { tasks: readonly Task[]; now: Date },
  to: TaskState,
  data: TaskData = {},
  payload: Prisma.InputJsonObject = {},
): Promise<void> {
  const forbidden = tasks.find(task => !canMove(stateOf(task), to))
  if (forbidden) throw illegalMove(forbidden, to)
  for (const alike of Map.groupBy(tasks, likeness).values()) {
    const [{ state, epoch }, ids] = [alike[0]!, alike.map(({ id }) => id)]
    const { count } = await sql.task.updateMany({
      where: { id: { in: ids }, state, epoch },
      data: { ...(state === 'active' && leavingActive(alike[0]!, now)), ...data, state: to },
    })
    if (count !== alike.length) throw new Error(`Tasks ${ids.join(', ')} changed under their lock`)
    if (state === 'active') {
      await sql.run.updateMany({
        where: { taskId: { in: ids }, epoch, endedAt: null },
        data: { endedAt: now, outcome: to },
      })
    }
  }
  for (const task of tasks) {
    const { number, title, epoch, pipelineId } = task
    const told = { from: stateOf(task), to, number, title, epoch: Number(epoch), ...(pipelineId && { pipelineId }) }
    event(runEvent(task, to, { ...told, ...payload }))
  }
}

/** What tasks that move in one statement have in common. An active one goes alone, as its time is its own. */
const likeness = ({ id, state, epoch }: Task): string => (state === 'active' ? id : `${state} ${epoch}`)

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
    reservedUsd: 0,
  }
}

const WORDS: Partial<Record<TaskState, string>> = { draft: 'a draft', applying: 'being applied (applying)' }

/** A task as a message names it: `#3 “Title”`, or its title alone where it has no number. */
export const nameOf = ({ number, title }: { number: number | null; title: string }): string =>
  number === null ? `“${title}”` : `#${number} “${title}”`

/** 409 with the state that the task is in. */
export function illegalMove(task: { number: number | null; title: string; state: string }, to: TaskState): Refused {
  const state = stateOf(task)
  const words = WORDS[state] ?? state
  const said = state === to ? `${words} already` : `${words}, so it cannot become ${to}`
  return new Refused('illegal_state', `Task ${nameOf(task)} is ${said}.`)
}
