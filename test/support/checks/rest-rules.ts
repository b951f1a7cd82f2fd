import { findCycle } from '../../../shared/domain/graph.ts'
import { satisfies } from '../../../shared/domain/task-state.ts'
import type { Rule } from './rule.ts'

/** A queued task always has something that brings it on: a job, a place in line, or a time at which it is tried again. */
export const nothingIsForgotten: Rule = ({ tasks }) =>
  tasks
    .filter(({ state, hasJob, inLine, rests }) => state === 'queued' && !hasJob && !inLine && !rests)
    .map(({ title }) => `${title}: queued, with neither a job nor a place in line`)

/** Tasks never wait for each other in a circle. */
export const edgesHaveNoCircle: Rule = ({ tasks }) => {
  const cycle = findCycle(new Map(tasks.map(({ id, prerequisites }) => [id, prerequisites])))
  return cycle ? [`tasks wait in a circle: ${cycle.join(' → ')}`] : []
}

/**
 * What must hold once nothing moves any more: nobody holds a task, no run is open, the outbox is empty, and a queued task waits
 * for a prerequisite that did not succeed; none waits for a slot that is free.
 */
export const restIsClean: Rule = history => {
  const { tasks, runs, outbox } = history
  const state = new Map(tasks.map(task => [task.id, task.state]))
  return [
    ...(outbox === 0 ? [] : [`${outbox} rows are left in the outbox`]),
    ...runs.filter(({ ended }) => !ended).map(({ taskId, epoch }) => `run ${epoch} of task ${taskId} never ended`),
    ...tasks.filter(task => task.state === 'active').map(({ title }) => `${title}: active, and nobody runs it`),
    ...tasks
      .filter(task => task.state === 'queued' && task.prerequisites.every(id => satisfies(state.get(id) ?? 'draft')))
      .map(({ title, inLine }) => `${title}: lost, queued with nothing to wait for${inLine ? ' but a free slot' : ''}`),
  ]
}
