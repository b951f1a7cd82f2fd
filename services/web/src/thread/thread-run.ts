import type { Task } from '../../../../shared/contract/task.ts'
import type { TaskState } from '../../../../shared/domain/task-state.ts'

/** What a thread's view has to know of whoever works in it: a task's agent, or that of a thread without a task. */
export interface ThreadRun {
  threadId: string
  projectId: string
  taskId: string | null
  /** `idle`: the agent of a thread without a task has nothing to do. */
  state: TaskState | 'idle'
  /** It waits for the answer to a question. */
  asks: boolean
}

export const runOfTask = ({ threadId, projectId, id, state, blocked }: Task): ThreadRun => ({
  threadId,
  projectId,
  taskId: id,
  state,
  asks: state === 'waiting' && blocked?.reason === 'answer',
})

/** Whether the agent has something to do: a message is read at its next step, and it can be stopped. */
export const isBusy = (state: ThreadRun['state']): boolean =>
  state === 'active' || state === 'queued' || state === 'waiting'
