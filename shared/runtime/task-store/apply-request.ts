import { v7 as uuid } from 'uuid'
import type { Task } from '../../../prisma/generated/client.ts'
import { topologicalOrder } from '../../domain/graph.ts'
import { notFound, Refused } from '../refused.ts'
import { type Change, runEvent } from './change.ts'
import { lockOrganization, lockTasks } from './lock.ts'
import { illegalMove, move, nameOf, stateOf } from './move.ts'
import { refusePipelineTask } from './pipeline-end.ts'

/**
 * Puts a task in its project's line of applies, its unapplied prerequisites before it; gives all of them in that order.
 * Asking twice is no harm. Refused where one of them is not ready, or no longer stands on its prerequisites' work.
 */
export async function requestApply(change: Change, taskId: string): Promise<string[]> {
  const { sql, event } = change
  const known = await sql.task.findUnique({ where: { id: taskId }, select: { organizationId: true } })
  if (!known) throw notFound('task')
  await lockOrganization(sql, known.organizationId)
  const graph = await unappliedPrerequisites(change, taskId)
  const { tasks, now } = await lockTasks(sql, [...graph.keys()])
  const byId = new Map(tasks.map(task => [task.id, task]))
  const wanted = byId.get(taskId)
  if (!wanted) throw notFound('task')
  refusePipelineTask(wanted)
  if (stateOf(wanted) !== 'ready' && stateOf(wanted) !== 'applying') throw illegalMove(wanted, 'applying')

  // One that was in line before may have become part of main since the graph was read.
  const inOrder = topologicalOrder(graph)
    .map(id => byId.get(id)!)
    .filter(task => stateOf(task) !== 'done')
  for (const task of inOrder) refuseUnfit(wanted, task)
  const groupId = uuid()
  for (const task of inOrder) {
    if (stateOf(task) === 'applying') continue
    await move(change, { task, now }, 'applying', { failureCode: null, failureText: null })
    await sql.apply.create({ data: { id: uuid(), projectId: task.projectId, taskId: task.id, groupId } })
    event(runEvent(task, 'apply', { phase: 'queued' }))
  }
  await change.outbox({ kind: 'apply', projectId: wanted.projectId })
  return inOrder.map(({ id }) => id)
}

/** The task with all it depends on that is not part of main yet, as a graph. */
export async function unappliedPrerequisites({ sql }: Change, taskId: string): Promise<Map<string, string[]>> {
  const graph = new Map<string, string[]>()
  for (let open = [taskId]; open.length > 0; ) {
    const edges = await sql.edge.findMany({
      where: { taskId: { in: open }, prerequisite: { state: { not: 'done' } } },
      orderBy: { position: 'asc' },
    })
    for (const id of open) graph.set(id, [])
    for (const edge of edges) graph.get(edge.taskId)!.push(edge.prerequisiteId)
    open = [...new Set(edges.map(edge => edge.prerequisiteId))].filter(id => !graph.has(id))
  }
  return graph
}

function refuseUnfit(wanted: Task, task: Task): void {
  if (task.staleReason) {
    const which = task.id === wanted.id ? 'It' : `Its prerequisite ${nameOf(task)}`
    throw new Refused(
      'illegal_state',
      `${which} cannot be applied: ${task.staleReason}. Retry it, so that it is done anew.`,
    )
  }
  if (stateOf(task) !== 'ready' && stateOf(task) !== 'applying') {
    throw new Refused(
      'illegal_state',
      `Its prerequisite ${nameOf(task)} is ${task.state}, not ready; its work cannot be applied first. Bring that one to ready first.`,
    )
  }
}
