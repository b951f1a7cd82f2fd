import type { Thread } from '../../../../shared/contract/thread.ts'
import { TASK_STATES, type TaskState } from '../../../../shared/domain/task-state.ts'
import { STATE_LOOK } from '../task/state-look.ts'
import type { ThreadRun } from '../thread/thread-run.ts'

/** Where the agent of a thread without a task stands: `idle` where it has nothing to do. */
export function stateOfThread({ status }: Pick<Thread, 'status'>): TaskState | 'idle' {
  return TASK_STATES.find(state => state === status) ?? 'idle'
}

/** A task's state says what becomes of its work; that of a thread without a task only what its agent does. */
export function threadLook(state: TaskState | 'idle', asks: boolean) {
  if (state === 'waiting' && asks)
    return { ...STATE_LOOK.waiting, word: 'Waiting for you', means: 'It asked something' }
  switch (state) {
    case 'idle':
      return { ...STATE_LOOK.draft, word: 'Idle', means: 'The agent has nothing to do here' }
    case 'active':
      return { ...STATE_LOOK.active, word: 'Working', means: 'The agent is at work' }
    case 'queued':
      return { ...STATE_LOOK.queued, means: 'A worker takes it as soon as one is free' }
    case 'applying':
      return { ...STATE_LOOK.applying, means: 'Its change is on its way into the main version' }
    case 'cancelled':
      return { ...STATE_LOOK.cancelled, word: 'Stopped' }
    default:
      return STATE_LOOK[state]
  }
}

/** A thread without a task as its view needs it. */
export const runOfThread = (thread: Thread): ThreadRun => ({
  threadId: thread.id,
  projectId: thread.projectId,
  taskId: null,
  state: stateOfThread(thread),
  asks: thread.status === 'waiting' && thread.blocked?.reason === 'answer',
})
