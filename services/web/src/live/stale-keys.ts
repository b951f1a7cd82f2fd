import type { Event } from '../../../../shared/contract/event.ts'
import { TASK_STATES, type TaskState } from '../../../../shared/domain/task-state.ts'
import { keys, type QueryKey } from '../api/keys.ts'

/** The state that an event says its task moved to, or null for every other event. */
export function movedTo(event: Event): TaskState | null {
  if (!event.taskId || !event.type.startsWith('task.')) return null
  const name = event.type.slice('task.'.length)
  return TASK_STATES.find(state => state === name) ?? null
}

/** The state that a thread's turn moved to, or null for every other event. */
export function turnMovedTo(event: Event): TaskState | null {
  if (!event.threadId || !event.type.startsWith('turn.')) return null
  const name = event.type.slice('turn.'.length)
  return TASK_STATES.find(state => state === name) ?? null
}

/**
 * What an event puts out of date. A move changes the whole board (others' blocked reasons and places in line); the steps of
 * a run change only its own page.
 */
export function staleKeys(event: Event): QueryKey[] {
  const { type, projectId, taskId, threadId } = event
  const board = [keys.tasks(projectId)]
  const own = taskId ? [keys.task(taskId)] : []
  const thread = threadId ? [keys.messages(threadId)] : []
  const on = (...names: ((id: string) => QueryKey)[]) => (taskId ? names.map(name => name(taskId)) : [])
  const talk = threadId ? [keys.thread(threadId), ...thread] : []
  if (movedTo(event)) return [...board, ...own, ...thread, ...on(keys.diff, keys.checks), keys.anyPipeline]
  if (turnMovedTo(event)) return talk
  switch (type) {
    case 'task.updated':
      return [...board, ...own, ...thread, ...on(keys.plans)]
    case 'task.claimed':
    case 'task.apply':
      return [...board, ...own, ...thread]
    case 'task.check':
      return [...board, ...own, ...on(keys.checks)]
    case 'task.iteration':
      return [...own, ...thread]
    case 'task.checkpoint':
      return [...own, ...on(keys.diff, keys.checkpoints)]
    case 'task.step':
      return [...thread, ...on(keys.log)]
    case 'message.created':
    case 'message.read':
    case 'message.updated':
    case 'message.deleted':
    case 'turn.iteration':
    case 'turn.step':
    case 'turn.checkpoint':
      return thread
    case 'turn.updated':
    case 'turn.claimed':
    case 'turn.check':
    case 'turn.apply':
      return talk
    case 'pipeline.running':
    case 'pipeline.done':
    case 'pipeline.failed':
    case 'pipeline.cancelled':
      return [keys.anyPipeline, ...own, ...thread]
    case 'thread.created':
      return [keys.threads(projectId)]
    case 'project.created':
      return [keys.projects]
    case 'project.updated':
    case 'project.head':
      return [keys.projects, keys.project(projectId)]
    default:
      return [...board, ...own, ...thread]
  }
}
