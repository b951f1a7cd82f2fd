import type { Task } from '../../../prisma/generated/client.ts'
import { type Budget, dollars, grant } from '../../domain/budget.ts'
import { LIMITS } from '../../domain/limits.ts'
import { mostCost } from '../../domain/prices.ts'
import { isTerminal } from '../../domain/task-state.ts'
import type { Database, Sql } from '../db.ts'
import { Refused } from '../refused.ts'
import type { Change, StoreDeps } from './change.ts'
import { fenced, fencedEnd, type HeldEnd } from './fence.ts'
import { lockTasks } from './lock.ts'
import { tellPeople, tellPeopleOnce } from './messages.ts'
import { nameOf, stateOf } from './move.ts'
import { parkRun } from './park.ts'
import { fillSlots } from './queue.ts'
import type { Fence, MoneyRequest, Reservation } from './types.ts'
import { wake } from './wake.ts'

/**
 * Reserves the most that a reply can cost, so that replies under way at the same time cannot exceed a budget together. The
 * organization's lock makes those who share one take turns; where there is none, the amount is only noted.
 */
export async function reserve(deps: StoreDeps, fence: Fence, request: MoneyRequest): Promise<Reservation> {
  const { inputTokens, price, parks } = request
  const { outputTokens, leastOutputTokens } = LIMITS.money
  if (!(await hasBudget(deps.db, fence.taskId))) {
    return fenced(deps, fence, 'reserve', async (unit, { task }) => {
      await note(unit.sql, task, mostCost({ inputTokens, outputTokens }, price))
      return { kind: 'granted' }
    })
  }
  return fencedEnd(deps, fence, 'reserve', async (unit, held) => {
    const { task } = held
    const budgets = await readBudgets(unit.sql, task)
    const granted = grant({ inputTokens, price, outputTokens, leastOutputTokens }, budgets)
    if (granted.kind === 'granted') {
      await note(unit.sql, task, granted.usd)
      // Only where the budget's end makes it necessary: providers refuse a limit beyond their models' own.
      const { outputTokens: most } = granted
      return { kind: 'granted', ...(most < outputTokens && { maxOutputTokens: most }) }
    }
    const message = await refusal(unit.sql, task, granted)
    if (!parks) return { kind: 'refused', message }
    await parkFor(unit, held, granted, message)
    return { kind: 'parked', message }
  })
}

/** Drops what was reserved for a reply that did not come. */
export function dropReservation(deps: StoreDeps, fence: Fence): Promise<void> {
  return fenced(deps, fence, 'dropReservation', (unit, { task }) => note(unit.sql, task, 0))
}

/** Sets what a task and its sub-agents may cost. The task and its organization must be locked. */
export async function changeBudget(change: Change, task: Task, budgetUsd: number | null): Promise<void> {
  if (isTerminal(stateOf(task))) {
    throw new Refused('illegal_state', `Task ${nameOf(task)} is ${task.state}: it costs nothing more.`)
  }
  await change.sql.task.update({ where: { id: task.id }, data: { budgetUsd } })
  const before = task.budgetUsd === null ? null : Number(task.budgetUsd)
  if (isRaise(before, budgetUsd)) await wakeForBudget(change, 'task', task.id)
}

/** Whether a change of a budget lets somebody go on who waited for more. */
export const isRaise = (from: number | null, to: number | null): boolean => from !== null && (to === null || to > from)

/** A budget was raised or taken away: whoever waited for it goes on. The organization must be locked. */
export async function wakeForBudget(change: Change, of: Budget['of'], id: string): Promise<void> {
  const waiting = await change.sql.$queryRaw<{ id: string }[]>`
    SELECT id FROM tasks
    WHERE state = 'waiting' AND waiting_for->>'reason' = 'budget' AND waiting_for->>'budget' = ${of}
      AND CASE ${of} WHEN 'task' THEN coalesce(parent_task_id, id) ELSE project_id END = ${id}::uuid`
  const ids = waiting.map(task => task.id)
  if (ids.length === 0) return
  const { tasks, now } = await lockTasks(change.sql, ids)
  for (const task of tasks) if (task.state === 'waiting') await wake(change, { task, now })
}

async function hasBudget({ prisma }: Database, taskId: string): Promise<boolean> {
  const rows = await prisma.$queryRaw<unknown[]>`
    SELECT 1 FROM tasks t JOIN projects p ON p.id = t.project_id JOIN tasks root ON root.id = coalesce(t.parent_task_id, t.id)
    WHERE t.id = ${taskId}::uuid AND (root.budget_usd IS NOT NULL OR jsonb_typeof(p.settings->'budgetUsd') = 'number')`
  return rows.length > 0
}

/** The budgets that a task's replies count against: its own or that of the task it is a sub-agent of, then its project's. */
async function readBudgets(sql: Sql, { id, projectId, parentTaskId }: Task): Promise<Budget[]> {
  const rootId = parentTaskId ?? id
  return sql.$queryRaw<Budget[]>`
    WITH budget AS (
      SELECT 'task' AS of, budget_usd AS usd FROM tasks WHERE id = ${rootId}::uuid AND budget_usd IS NOT NULL
      UNION ALL
      SELECT 'project', (settings->>'budgetUsd')::numeric FROM projects
      WHERE id = ${projectId}::uuid AND jsonb_typeof(settings->'budgetUsd') = 'number'
    )
    SELECT of, usd::float8 AS "limitUsd", coalesce(sum(t.cost_usd), 0)::float8 AS "spentUsd",
      coalesce(sum(t.reserved_usd) FILTER (WHERE t.state = 'active' AND t.id <> ${id}::uuid), 0)::float8 AS "reservedUsd"
    FROM budget LEFT JOIN tasks t ON t.project_id = ${projectId}::uuid
      AND (of = 'project' OR t.id = ${rootId}::uuid OR t.parent_task_id = ${rootId}::uuid)
    GROUP BY of, usd ORDER BY of DESC`
}

type NoRoom = { kind: 'reached' | 'busy'; budget: Budget }

async function parkFor(unit: Change, held: HeldEnd, { kind, budget }: NoRoom, message: string): Promise<void> {
  const { task, now, organization } = held
  const until = new Date(now.getTime() + LIMITS.money.busyMs).toISOString()
  await parkRun(unit, held, {
    reason: 'budget',
    budget: budget.of,
    waitingOn: budget.of === 'task' && task.parentTaskId ? [task.parentTaskId] : [],
    ...(kind === 'busy' && { until }),
  })
  if (kind === 'reached') {
    await tellPeople(unit, task, message)
    await tellParent(unit, task, message)
  }
  await fillSlots(unit, organization)
}

/** People look into the thread of the task whose sub-agents they are, where it is said once. */
async function tellParent(unit: Change, { parentTaskId }: Task, text: string): Promise<void> {
  if (!parentTaskId) return
  const parent = await unit.sql.task.findUniqueOrThrow({ where: { id: parentTaskId } })
  await tellPeopleOnce(unit, parent, text)
}

/** In words for people: which budget, how much of it is spent, and what to do. */
async function refusal(sql: Sql, task: Task, { kind, budget }: NoRoom): Promise<string> {
  const spent = `${dollars(budget.spentUsd)} of ${dollars(budget.limitUsd)}`
  const [whose, where] = await ownerOf(sql, task, budget)
  if (kind === 'busy')
    return `What is left of ${whose} (${spent} are spent) may be needed for replies that are under way.`
  return `${capital(whose)} is reached: ${spent} are spent, and what is left does not pay for another reply. Raise or remove it ${where}, and the work goes on from here; nothing is lost.`
}

async function ownerOf(sql: Sql, task: Task, { of }: Budget): Promise<[whose: string, where: string]> {
  if (of === 'project') return ["the project's budget", "in the project's settings"]
  if (!task.parentTaskId) return ["the task's budget", 'in the task']
  const parent = await sql.task.findUniqueOrThrow({ where: { id: task.parentTaskId } })
  return [`the budget of ${nameOf(parent)} and its sub-agents`, 'in that task']
}

const capital = (text: string): string => text.charAt(0).toUpperCase() + text.slice(1)

async function note(sql: Sql, { id }: Task, reservedUsd: number): Promise<void> {
  await sql.task.update({ where: { id }, data: { reservedUsd } })
}
