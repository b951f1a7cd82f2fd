import type { QueryClient } from '@tanstack/react-query'
import type { Pipeline, Task } from '../../../../shared/contract/task.ts'
import { columnOf, type TaskState } from '../../../../shared/domain/task-state.ts'
import { keys } from './keys.ts'

/** A task as it stands in the cache, on its own or on its board. */
export function cachedTask(queryClient: QueryClient, taskId: string): Task | undefined {
  const own = queryClient.getQueryData<Task>(keys.task(taskId))
  if (own) return own
  for (const [, tasks] of queryClient.getQueriesData<Task[]>({ queryKey: ['tasks'] })) {
    const found = tasks?.find(task => task.id === taskId)
    if (found) return found
  }
  return undefined
}

/** Changes a task wherever it is cached. */
export function patchTask(queryClient: QueryClient, taskId: string, change: (task: Task) => Task): void {
  patchTasks(queryClient, new Map([[taskId, change]]))
}

/** Changes tasks wherever they are cached, by id, also in pipelines; each board once, however many of its tasks change. */
export function patchTasks(queryClient: QueryClient, changes: ReadonlyMap<string, (task: Task) => Task>): void {
  for (const [taskId, change] of changes) {
    queryClient.setQueryData<Task>(keys.task(taskId), task => task && change(task))
  }
  queryClient.setQueriesData<Task[]>({ queryKey: ['tasks'] }, tasks => {
    if (!tasks?.some(task => changes.has(task.id))) return tasks
    return tasks.map(task => changes.get(task.id)?.(task) ?? task)
  })
  const inPipeline = (pipeline: Pipeline): Pipeline =>
    pipeline.tasks.some(task => changes.has(task.id))
      ? { ...pipeline, tasks: pipeline.tasks.map(task => changes.get(task.id)?.(task) ?? task) }
      : pipeline
  queryClient.setQueriesData<Pipeline | Pipeline[]>({ queryKey: keys.anyPipeline }, known =>
    Array.isArray(known) ? known.map(inPipeline) : known && inPipeline(known),
  )
}

/** The task as it will look once it has moved, as far as a browser can know. */
export function inState(task: Task, state: TaskState): Task {
  if (task.state === state) return task
  return {
    ...task,
    state,
    column: columnOf(state),
    blocked: null,
    failure: state === 'failed' ? task.failure : null,
    apply: state === 'applying' ? { phase: 'queued', position: 1 } : null,
  }
}
