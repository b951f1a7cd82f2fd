import type { Pipeline } from '../../../../shared/contract/task.ts'
import type { TaskState } from '../../../../shared/domain/task-state.ts'
import { STATE_LOOK } from '../task/state-look.ts'

/** A state in a pipeline, where nobody accepts, reviews or applies: what is not started is pending, what is at work is running. */
export function pipelineWord(state: TaskState): string {
  if (state === 'queued' || state === 'draft') return 'Pending'
  if (state === 'active') return 'Running'
  return STATE_LOOK[state].word
}

/** How far a pipeline is, in a sentence without its full stop. */
export function pipelineSummary({ state, tasks }: Pick<Pipeline, 'state' | 'tasks'>): string {
  const done = tasks.filter(task => task.state === 'done').length
  const running = tasks.filter(task => task.state === 'active').length
  const failed = tasks.filter(task => task.state === 'failed').map(({ title }) => title)
  switch (state) {
    case 'running':
      return `${done} of ${tasks.length} done, ${running} running`
    case 'done':
      return tasks.length === 1 ? 'Done' : `All ${tasks.length} done`
    case 'failed':
      return `Stopped, as ${failed.join(', ') || 'a task'} failed; what was done is kept`
    case 'cancelled':
      return `Cancelled; ${done} of ${tasks.length} were done`
  }
}
