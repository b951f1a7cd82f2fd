import type { Task } from '../../../../shared/contract/task.ts'
import {
  BOARD_COLUMNS,
  type BoardColumn,
  columnOf,
  isHidden,
  type TaskState,
} from '../../../../shared/domain/task-state.ts'
import { standsStill } from '../task/needs-person.ts'

/** What the board's address says about what it shows. */
export interface BoardView {
  /** Search text. */
  q?: string
  /** Whether cancelled, dismissed and skipped tasks are shown as well. */
  all?: true
}

/** Where a state stands in the Active column: what waits for a person first, then what runs, then the line. */
const activeRank: Partial<Record<TaskState, number>> = { waiting: 0, failed: 1, active: 2, queued: 3 }

/** The tasks of each column, in the order in which they are shown. */
export function boardColumns(tasks: readonly Task[], { q, all }: BoardView): Record<BoardColumn, Task[]> {
  const shown = tasks.filter(task => (all || !isHidden(task.state)) && matches(task, q))
  const grouped = Object.groupBy(shown, task => columnOf(task.state))
  const columns = Object.fromEntries(BOARD_COLUMNS.map(column => [column, grouped[column] ?? []]))
  const { drafts, active, ready, done } = columns as Record<BoardColumn, Task[]>
  return {
    drafts: drafts.sort(byNumber),
    active: active.sort((one, other) => rank(one) - rank(other) || inLine(one, other)),
    ready: ready.sort((one, other) => since(one.readyAt) - since(other.readyAt) || byNumber(one, other)),
    done: done.sort((one, other) => since(other.finishedAt) - since(one.finishedAt) || byNumber(other, one)),
  }
}

/** How many tasks of the board its filter hides. */
export const hiddenCount = (tasks: readonly Task[]): number => tasks.filter(task => isHidden(task.state)).length

/** How many tasks wait for the person: to be reviewed, answered, paid for, or repaired. */
export const needsYou = (tasks: readonly Task[]): number =>
  tasks.filter(task => task.state === 'ready' || standsStill(task)).length

function matches({ number, title, description, key }: Task, query = ''): boolean {
  const text = `#${number} ${title} ${description} ${key}`.toLowerCase()
  return query
    .toLowerCase()
    .split(/\s+/)
    .every(word => text.includes(word))
}

const byNumber = (one: Task, other: Task): number => one.number - other.number
const rank = ({ state }: Task): number => activeRank[state] ?? 9
const since = (time: string | null): number => (time ? Date.parse(time) : Number.MAX_SAFE_INTEGER)

function inLine(one: Task, other: Task): number {
  const place = (task: Task) => task.blocked?.position ?? Number.MAX_SAFE_INTEGER
  return place(one) - place(other) || other.priority - one.priority || byNumber(one, other)
}
