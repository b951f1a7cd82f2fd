import { findCycle, graphOf, longestChain, unknownDependencies } from './graph.ts'
import { LIMITS } from './limits.ts'

/** A task as the agent asks for it when it calls `parallel`. */
export interface PipelineRequestTask {
  name: string
  prompt: string
  depends_on?: readonly string[]
}

/** What is wrong with a request, where (`tasks[2].depends_on`), in words that the agent can act on. */
export interface Problem {
  path: string
  message: string
}

/** Everything that is wrong with a pipeline request, each message with the limit it breaks; empty for a good one. */
export function validatePipeline(tasks: readonly PipelineRequestTask[]): Problem[] {
  const problems = [...countProblems(tasks), ...tasks.flatMap(taskProblems), ...duplicateProblems(tasks)]
  const graph = graphOf(
    tasks,
    task => task.name,
    task => task.depends_on ?? [],
  )
  for (const { key, dependency } of unknownDependencies(graph)) {
    const index = tasks.findLastIndex(task => task.name === key)
    const known = tasks.map(task => quote(task.name)).join(', ')
    problems.push({
      path: `tasks[${index}].depends_on`,
      message: `Task ${quote(key)} depends on ${quote(dependency)}, which is no task of this pipeline: its tasks are ${known}`,
    })
  }
  const cycle = findCycle(graph)
  if (cycle) return [...problems, { path: 'tasks', message: cycleMessage(cycle) }]
  const chain = longestChain(graph)
  const { maxDepth } = LIMITS.pipeline
  if (chain.length > maxDepth) {
    problems.push({
      path: 'tasks',
      message: `The longest dependency chain may have ${maxDepth} tasks, this one has ${chain.length}: ${chain.map(quote).join(' then ')}`,
    })
  }
  return problems
}

/** A cycle as `findCycle` gives it, in words: `Circular dependency: "a" depends on "b", "b" depends on "a"`. */
export function cycleMessage(cycle: readonly string[]): string {
  const steps = cycle.slice(1).map((to, index) => `${quote(cycle[index]!)} depends on ${quote(to)}`)
  return `Circular dependency: ${steps.join(', ')}`
}

function countProblems(tasks: readonly PipelineRequestTask[]): Problem[] {
  const { minTasks, maxTasks } = LIMITS.pipeline
  if (tasks.length >= minTasks && tasks.length <= maxTasks) return []
  const advice = tasks.length < minTasks ? 'do a single task yourself' : 'join tasks or use several pipelines in turn'
  return [
    {
      path: 'tasks',
      message: `A pipeline has ${minTasks} to ${maxTasks} tasks, this one has ${tasks.length}: ${advice}`,
    },
  ]
}

function taskProblems(task: PipelineRequestTask, index: number): Problem[] {
  const { nameChars, promptChars } = LIMITS.pipeline
  return [
    ...textProblems(`tasks[${index}].name`, 'name', task.name, nameChars),
    ...textProblems(`tasks[${index}].prompt`, 'prompt', task.prompt, promptChars),
  ]
}

function textProblems(path: string, what: string, text: string, max: number): Problem[] {
  if (text.trim() === '') return [{ path, message: `A ${what} must not be empty` }]
  if (text.length <= max) return []
  return [{ path, message: `A ${what} may have ${max} characters, this one has ${text.length}` }]
}

function duplicateProblems(tasks: readonly PipelineRequestTask[]): Problem[] {
  return tasks.flatMap((task, index) => {
    const first = tasks.findIndex(other => other.name === task.name)
    if (first === index) return []
    return [
      { path: `tasks[${index}].name`, message: `Two tasks have the name ${quote(task.name)}: names must be unique` },
    ]
  })
}

function quote(name: string): string {
  return JSON.stringify(name)
}
