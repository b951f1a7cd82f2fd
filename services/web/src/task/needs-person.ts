import type { Task } from '../../../../shared/contract/task.ts'

/** Whether a task stands still until a person does something: answers, raises its budget, repairs it. */
export const standsStill = ({ state, blocked }: Pick<Task, 'state' | 'blocked'>): boolean =>
  state === 'failed' || blocked?.reason === 'answer' || (blocked?.reason === 'budget' && blocked.until === undefined)
