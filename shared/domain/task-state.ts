/**
 * The states of a task and the one table of its legal moves.
 *
 * - `draft` proposed, has a plan
 * - `queued` accepted, not running: waits for prerequisites, a slot or a host
 * - `active` a worker holds it: container, lease, slot
 * - `waiting` parked in the middle (an answer, more budget, its pipeline, a provider's limit); no slot, no container
 * - `ready` finished, to be reviewed
 * - `applying` from the request to apply until main has moved or not: in line, merging, resolving, verifying, swapping
 * - `done` part of main (a pipeline task: part of its parent's branch)
 * - `failed`, `cancelled` stopped, with the reason
 * - `skipped` pipeline task that never started because its pipeline stopped
 * - `dismissed` discarded
 */
export const TASK_STATES = [
  'draft',
  'queued',
  'active',
  'waiting',
  'ready',
  'applying',
  'done',
  'failed',
  'cancelled',
  'skipped',
  'dismissed',
] as const

export type TaskState = (typeof TASK_STATES)[number]

/**
 * A task of the board, a sub-agent's task of a pipeline, or a turn: the agent's answer to what was said in a thread that has no task
 * of the board. A turn is `ready` whenever nothing is left to be said.
 */
export const TASK_KINDS = ['board', 'pipeline', 'turn'] as const
export type TaskKind = (typeof TASK_KINDS)[number]

/**
 * Where a task may go from each state. `active → done` and `queued → skipped` are moves of pipeline tasks only
 * (see `pipelineOnly`): nobody reviews those, they end `done` when their parent's branch has received their work.
 */
export const next = {
  draft: ['queued', 'dismissed'],
  queued: ['active', 'cancelled', 'skipped'],
  active: ['ready', 'waiting', 'failed', 'cancelled', 'queued', 'done'],
  waiting: ['queued', 'cancelled', 'failed'],
  ready: ['applying', 'dismissed', 'queued'],
  applying: ['done', 'ready'],
  done: [],
  failed: ['queued', 'dismissed'],
  cancelled: ['queued', 'dismissed'],
  skipped: [],
  dismissed: [],
} as const satisfies Record<TaskState, readonly TaskState[]>

const pipelineOnly: Partial<Record<TaskState, TaskState>> = { active: 'done', queued: 'skipped' }

/** The states that a task may move to from `state`, in the table's order. `kind` 'board' leaves out the pipeline's own moves. */
export function movesFrom(state: TaskState, kind?: TaskKind): TaskState[] {
  return next[state].filter(to => kind !== 'board' || pipelineOnly[state] !== to)
}

/** Whether a task may move from one state to the other. Without `kind`: whether any kind of task may. */
export function canMove(from: TaskState, to: TaskState, kind?: TaskKind): boolean {
  return movesFrom(from, kind).includes(to)
}

/** The states from which a task may move to `to`: the condition of a compare-and-set, `WHERE state = ANY(sourcesOf(to))`. */
export function sourcesOf(to: TaskState, kind?: TaskKind): TaskState[] {
  return TASK_STATES.filter(from => canMove(from, to, kind))
}

/** Whether a task in this state can never move again. */
export function isTerminal(state: TaskState): boolean {
  return next[state].length === 0
}

/** Whether nothing goes on with the task until somebody says something in its thread, which starts it again. */
export function canStartAgain(state: TaskState): boolean {
  return state === 'ready' || state === 'failed' || state === 'cancelled'
}

/** Whether nothing goes on with the task, nor will, unless a person asks for it: no work is left for a worker. */
export function isSettled(state: TaskState): boolean {
  return isTerminal(state) || canStartAgain(state)
}

/** Whether a prerequisite in this state lets its dependants start. Only success does. */
export function satisfies(state: TaskState): boolean {
  return state === 'ready' || state === 'applying' || state === 'done'
}

/** The board's columns, left to right. */
export const BOARD_COLUMNS = ['drafts', 'active', 'ready', 'done'] as const

export type BoardColumn = (typeof BOARD_COLUMNS)[number]

const columns: Record<TaskState, BoardColumn> = {
  draft: 'drafts',
  queued: 'active',
  active: 'active',
  waiting: 'active',
  failed: 'active',
  ready: 'ready',
  applying: 'ready',
  done: 'done',
  cancelled: 'done',
  skipped: 'done',
  dismissed: 'done',
}

/** The board column in which a task of this state stands. */
export function columnOf(state: TaskState): BoardColumn {
  return columns[state]
}

/** Whether the board shows tasks of this state only when its filter asks for them. */
export function isHidden(state: TaskState): boolean {
  return state === 'cancelled' || state === 'skipped' || state === 'dismissed'
}
