import type { Task } from '../../../prisma/generated/client.ts'
import type { UpdateTask } from '../../contract/task.ts'
import type { TaskState } from '../../domain/task-state.ts'
import type { Sql } from '../db.ts'
import { Refused } from '../refused.ts'
import { changeBudget } from './budget.ts'
import type { Change } from './change.ts'
import { findPrerequisites } from './drafts.ts'
import { graphWith, refuseCycle, setEdges } from './edges.ts'
import { lockTask } from './lock.ts'
import { nameOf, stateOf } from './move.ts'
import { refusePipelineTask } from './pipeline-end.ts'
import { keepPlan } from './plan-versions.ts'
import { fillSlots, renewJobs } from './queue.ts'

/** One that was cancelled in the queue, or failed before it had a base, has not started either. */
const MAY_BE_UNSTARTED: readonly TaskState[] = ['draft', 'queued', 'cancelled', 'failed']

/**
 * Changes a draft's text and model, the edges and priority of a task that has not started, or its budget. A draft's former plan is kept. The organization's lock
 * makes edits of edges take turns: two that each close half of a circle would not see each other.
 */
export async function editTask(change: Change, taskId: string, edit: UpdateTask): Promise<void> {
  const { sql } = change
  const { organization, task } = await lockTask(sql, taskId)
  refusePipelineTask(task)
  const { dependsOn, priority, budgetUsd, ...text } = edit
  const state = stateOf(task)
  const started = task.baseSha !== null || !MAY_BE_UNSTARTED.includes(state)
  if (Object.keys(text).length > 0 && state !== 'draft')
    throw tooLate(task, 'Text and model can be changed only while it is a draft')
  if (started && (dependsOn || priority !== undefined)) {
    throw tooLate(task, 'Dependencies and priority can be changed only until it starts')
  }
  if (budgetUsd !== undefined) await changeBudget(change, task, budgetUsd)
  const prerequisiteIds = dependsOn && (await readPrerequisites(sql, task, dependsOn))
  const { model: _, ...plan } = text
  const planVersion =
    state === 'draft'
      ? await keepPlan(sql, task, { ...plan, ...(prerequisiteIds && { dependsOn: prerequisiteIds }) }, 'user')
      : null
  await sql.task.update({
    where: { id: taskId },
    data: { ...text, ...(priority !== undefined && { priority }), ...(planVersion !== null && { planVersion }) },
  })
  if (text.title) await sql.thread.update({ where: { id: task.threadId }, data: { title: text.title } })
  if (prerequisiteIds) await setEdges(sql, task.id, prerequisiteIds)
  if (state === 'queued' && (dependsOn || priority !== undefined)) {
    await renewJobs(change, [task])
    await fillSlots(change, organization)
  }
  change.event({
    projectId: task.projectId,
    type: 'task.updated',
    taskId,
    threadId: task.threadId,
    payload: { fields: Object.keys(edit), ...(planVersion !== null && { planVersion }) },
  })
}

/** The ids that the names stand for, as prerequisites that leave no circle. */
async function readPrerequisites(sql: Sql, task: Task, names: readonly string[]): Promise<string[]> {
  const wanted = [...new Set(names.map(name => name.toLowerCase()))]
  const known = new Set(await findPrerequisites(sql, task.projectId, wanted))
  const errors = wanted.flatMap((name, place) =>
    known.has(name) ? [] : [{ path: `dependsOn.${place}`, message: `“${name}” is no task of the project` }],
  )
  if (errors.length > 0) throw new Refused('invalid_request', 'Some dependencies name no task.', errors)

  await refuseCycle(sql, await graphWith(sql, task.projectId, new Map([[task.id, wanted]])))
  return wanted
}

const tooLate = (task: Task, rule: string): Refused =>
  new Refused('illegal_state', `${rule}; task ${nameOf(task)} is ${task.state}.`)
