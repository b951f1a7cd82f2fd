import type { Task } from '../../../../shared/contract/task.ts'
import { isSettled, type TaskState } from '../../../../shared/domain/task-state.ts'

export type Move = 'accept' | 'apply' | 'retry' | 'cancel' | 'dismiss'

/** The state that a task is in once its move has been taken. */
export const MOVE_TO: Record<Move, TaskState> = {
  accept: 'queued',
  apply: 'applying',
  retry: 'queued',
  cancel: 'cancelled',
  dismiss: 'dismissed',
}

export const MOVE_WORDS: Record<Move, string> = {
  accept: 'Accept',
  apply: 'Apply changes',
  retry: 'Retry',
  cancel: 'Cancel',
  dismiss: 'Dismiss',
}

/**
 * The moves that a person may make with a task, the likeliest first. Narrower than the table of states: work that no
 * longer stands on its prerequisites is done anew instead of applied.
 */
export function movesOf({ state, stale, pipelineId }: Pick<Task, 'state' | 'stale' | 'pipelineId'>): Move[] {
  if (pipelineId) return state === 'queued' || state === 'active' || state === 'waiting' ? ['cancel'] : []
  switch (state) {
    case 'draft':
      return ['accept', 'dismiss']
    case 'queued':
    case 'active':
    case 'waiting':
      return ['cancel']
    case 'ready':
      return [stale ? 'retry' : 'apply', 'dismiss']
    case 'failed':
    case 'cancelled':
      return ['retry', 'dismiss']
    default:
      return []
  }
}

/** Whether its edges and priority may still be changed: it has not started. */
export const isEditable = ({ state, baseSha }: Pick<Task, 'state' | 'baseSha'>): boolean =>
  state === 'draft' || (state === 'queued' && baseSha === null)

/** Whether somebody would read a message to it; what is said of a done task makes a follow-up task. */
export const takesMessages = ({ state, pipelineId }: Pick<Task, 'state' | 'pipelineId'>): boolean =>
  state !== 'dismissed' && state !== 'skipped' && !(pipelineId !== null && isSettled(state))
