import type { Task } from '../../../prisma/generated/client.ts'
import type { UpdateTask } from '../../contract/task.ts'
import { findCycle } from '../../domain/graph.ts'
import type { Sql } from '../db.ts'
import { Refused } from '../refused.ts'
import type { Change } from './change.ts'
import { cycleRefused, findPrerequisites } from './drafts.ts'
import { lockTask } from './lock.ts'
import { nameOf, stateOf } from './move.ts'
import { refusePipelineTask } from './pipeline-end.ts'
import { discardJob, enqueue, fillSlots } from './queue.ts'

/**
 * Changes a draft's text and model, or the edges and priority of a task that has not started. The organization's lock
 * makes edits of edges take turns: two that each close half of a circle would not see each other.
 */
export async function editTask(change: Change, taskId: string, edit: UpdateTask): Promise<void> {
  const { sql } = change
  const { organization, task } = await lockTask(sql, taskId)
  refusePipelineTask(task)
  const { dependsOn, priority, ...text } = edit
  const state = stateOf(task)
  const started = task.baseSha !== null || (state !== 'draft' && state !== 'queued')
  if (Object.keys(text).length > 0 && state !== 'draft')
    throw tooLate(task, 'Text and model can be changed only while it is a draft')
  if (started && (dependsOn || priority !== undefined)) {
    throw tooLate(task, 'Dependencies and priority can be changed only until it starts')
  }
  await sql.task.update({ where: { id: taskId }, data: { ...text, ...(priority !== undefined && { priority }) } })
  if (text.title) await sql.thread.update({ where: { id: task.threadId }, data: { title: text.title } })
  if (dependsOn) await replaceEdges(sql, task, dependsOn)
  if (state === 'queued') {
    // Its job carries the old gates and the old priority.
    await discardJob(change, task)
    await enqueue(change, [taskId])
    await fillSlots(change, organization)
  }
  change.event({
    projectId: task.projectId,
    type: 'task.updated',
    taskId,
    threadId: task.threadId,
    payload: { fields: Object.keys(edit) },
  })
}

async function replaceEdges(sql: Sql, task: Task, names: readonly string[]): Promise<void> {
  const wanted = [...new Set(names.map(name => name.toLowerCase()))]
  const known = new Set(await findPrerequisites(sql, task.projectId, wanted))
  const errors = wanted.flatMap((name, place) =>
    known.has(name) ? [] : [{ path: `dependsOn.${place}`, message: `“${name}” is no task of the project` }],
  )
  if (errors.length > 0) throw new Refused('invalid_request', 'Some dependencies name no task.', errors)

  const edges = await sql.edge.findMany({ where: { task: { projectId: task.projectId } } })
  const graph = new Map<string, string[]>()
  for (const { taskId, prerequisiteId } of edges) graph.set(taskId, [...(graph.get(taskId) ?? []), prerequisiteId])
  for (const id of wanted) if (!graph.has(id)) graph.set(id, [])
  graph.set(task.id, wanted)
  const cycle = findCycle(graph)
  if (cycle) throw cycleRefused(await titles(sql, cycle))

  await sql.edge.deleteMany({ where: { taskId: task.id } })
  await sql.edge.createMany({
    data: wanted.map((prerequisiteId, position) => ({ taskId: task.id, prerequisiteId, position })),
  })
}

async function titles(sql: Sql, ids: readonly string[]): Promise<string[]> {
  const rows = await sql.task.findMany({ where: { id: { in: [...ids] } }, select: { id: true, title: true } })
  const byId = new Map(rows.map(({ id, title }) => [id, title]))
  return ids.map(id => byId.get(id) ?? id)
}

const tooLate = (task: Task, rule: string): Refused =>
  new Refused('illegal_state', `${rule}; task ${nameOf(task)} is ${task.state}.`)
