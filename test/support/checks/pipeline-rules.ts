import { isSettled, type TaskState } from '../../../shared/domain/task-state.ts'
import { type History, movesOf } from '../history.ts'
import type { Rule } from './rule.ts'

/** A sub-agent works only while the task that started it waits, and that one goes on only when all of them have ended. */
export const parentsWait: Rule = history => {
  const tasks = new Map(history.tasks.map(task => [task.id, task]))
  const children = Map.groupBy(history.tasks, task => task.parentTaskId)
  const state = new Map<string, TaskState>()
  return movesOf(history).flatMap(({ taskId, from, to, seq }) => {
    const task = tasks.get(taskId)
    state.set(taskId, to)
    // What a turn does is told otherwise.
    const parent = task?.parentTaskId ? state.get(task.parentTaskId) : undefined
    if (to === 'active' && parent !== undefined && parent !== 'waiting') {
      return [`${task?.title}: started (event ${seq}) while the task that it belongs to was ${parent}`]
    }
    if (from !== 'waiting' || to !== 'queued') return []
    return (children.get(taskId) ?? [])
      .filter(({ id }) => state.has(id) && !isSettled(state.get(id)!))
      .map(
        ({ id, title }) => `${task?.title}: went on (event ${seq}) while its sub-agent ${title} was ${state.get(id)}`,
      )
  })
}

/** A pipeline begins once and ends once, as its tasks have ended, and its row says the same as its last event. */
export const pipelinesEndOnce: Rule = ({ pipelines, events, tasks }) => {
  const told = Map.groupBy(
    events.filter(({ type }) => type.startsWith('pipeline.')),
    ({ payload }) => payload.pipelineId,
  )
  const members = Map.groupBy(tasks, task => task.pipelineId)
  return pipelines.flatMap(({ id, state }) => {
    const states = (told.get(id) ?? []).map(({ type }) => type.slice('pipeline.'.length))
    const expected = state === 'running' ? 'running' : `running,${state}`
    const own = (members.get(id) ?? []).map(task => task.state)
    const wrong = states.join() === expected ? [] : [`pipeline ${id}: is ${state}, and was told to be ${states.join()}`]
    return endsLike(state, own) ? wrong : [...wrong, `pipeline ${id}: is ${state}, its tasks are ${own.join()}`]
  })
}

function endsLike(state: string, tasks: readonly TaskState[]): boolean {
  if (state === 'running') return tasks.some(task => !isSettled(task))
  if (state === 'done') return tasks.every(task => task === 'done')
  return tasks.every(isSettled) && tasks.some(task => task === state || task === 'cancelled')
}

/** A pipeline comes of one call of its task's agent, and a call has one; each of its tasks is there once. */
export const subAgentsStartOnce: Rule = ({ pipelines, messages, tasks }: History) => {
  const replies = new Map(
    messages.flatMap(({ threadId, role, attempt, iteration, calls }) =>
      role === 'assistant' ? [[`${threadId} ${attempt} ${iteration}`, calls] as const] : [],
    ),
  )
  const members = Map.groupBy(tasks, task => task.pipelineId)
  const ofCall = Map.groupBy(pipelines, ({ taskId, call }) => `${taskId} ${Object.values(call).join('.')}`)
  const twice = [...ofCall].filter(([, own]) => own.length > 1).map(([call]) => `call ${call} has two pipelines`)
  return [
    ...twice,
    ...pipelines.flatMap(({ id, threadId, call }) => {
      const calls = replies.get(`${threadId} ${call.attempt} ${call.iteration}`) ?? 0
      const titles = (members.get(id) ?? []).map(task => task.title)
      return [
        ...(call.callIndex < calls ? [] : [`pipeline ${id}: comes of no call of its task`]),
        ...(new Set(titles).size === titles.length ? [] : [`pipeline ${id}: has a task twice: ${titles.join()}`]),
      ]
    }),
  ]
}
