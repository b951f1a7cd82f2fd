import { formatDuration } from './duration.ts'
import { dependentsOf, type Graph, graphOf, topologicalOrder } from './graph.ts'
import { oneLine, plainAscii } from './line.ts'
import type { TaskState } from './task-state.ts'

/** A pipeline's task as the text view shows it. */
export interface PipelineTaskView {
  /** Unique within the pipeline; `dependsOn` refers to it. */
  name: string
  state: TaskState
  dependsOn: readonly string[]
  /** Seconds that it was active, once it has finished or failed. */
  seconds?: number | null
}

export interface PipelineViewOptions {
  /** `auto` (default) takes chains where they tell everything and no task has failed or was stopped, else the list. */
  view?: 'auto' | 'chains' | 'list'
  /** Only ASCII: `o` pending, `*` running, `+` done, `x` failed, `-` skipped or cancelled, `-->` and `<-`, names too. */
  ascii?: boolean
}

type Icon = 'pending' | 'running' | 'done' | 'failed' | 'stopped'

interface Signs {
  head: string
  arrow: string
  from: string
  icons: Record<Icon, string>
  name(text: string): string
}

const unicode: Signs = {
  head: '⚡ Pipeline',
  arrow: ' ──▶ ',
  from: ' ← ',
  icons: { pending: '○', running: '●', done: '✓', failed: '✗', stopped: '⊘' },
  name: oneLine,
}

const ascii: Signs = {
  head: 'Pipeline',
  arrow: ' --> ',
  from: ' <- ',
  icons: { pending: 'o', running: '*', done: '+', failed: 'x', stopped: '-' },
  name: text => plainAscii(oneLine(text)),
}

const iconOf: Record<TaskState, Icon> = {
  draft: 'pending',
  queued: 'pending',
  active: 'running',
  waiting: 'pending',
  ready: 'done',
  applying: 'done',
  done: 'done',
  failed: 'failed',
  cancelled: 'stopped',
  skipped: 'stopped',
  dismissed: 'stopped',
}

/**
 * A pipeline as text, without a line end at the end.
 * @throws Error where the dependencies have a cycle; `validatePipeline` never lets one through
 */
export function renderPipeline(tasks: readonly PipelineTaskView[], options: PipelineViewOptions = {}): string {
  const graph = graphOf(
    tasks,
    task => task.name,
    task => task.dependsOn,
  )
  const byName = new Map(tasks.map(task => [task.name, task]))
  const ordered = topologicalOrder(graph).map(name => byName.get(name)!)
  const signs = options.ascii ? ascii : unicode
  const view = options.view ?? 'auto'
  if (view === 'chains' || (view === 'auto' && suitsChains(tasks, graph))) return chains(ordered, graph, signs)
  return list(ordered, graph, signs)
}

/** Each task has at most one prerequisite and one dependant, and none has failed or was stopped: only the list says how. */
function suitsChains(tasks: readonly PipelineTaskView[], graph: Graph<string>): boolean {
  return (
    tasks.every(({ state }) => iconOf[state] !== 'failed' && iconOf[state] !== 'stopped') &&
    tasks.every(task => prerequisitesOf(task, graph).length <= 1) &&
    [...dependentsOf(graph).values()].every(dependents => dependents.length <= 1)
  )
}

function list(ordered: readonly PipelineTaskView[], graph: Graph<string>, signs: Signs): string {
  const lines = ordered.map((task, index) => {
    const prerequisites = prerequisitesOf(task, graph)
    const told = prerequisites.length === 1 && prerequisites[0] === ordered[index - 1]?.name
    return `  ${label(task, signs)}${remark(task)}${told ? '' : sources(prerequisites, signs)}`
  })
  return [`${signs.head} (${ordered.length} ${ordered.length === 1 ? 'task' : 'tasks'})`, ...lines].join('\n')
}

/**
 * A line for each chain. In a graph that is more than chains, a task goes on with the line of its only prerequisite
 * while that one has no other follower yet; any other prerequisite is named inside the bracket: no edge gets lost.
 */
function chains(ordered: readonly PipelineTaskView[], graph: Graph<string>, signs: Signs): string {
  const lines: string[][] = []
  const endsWith = new Map<string, string[]>()
  for (const task of ordered) {
    const prerequisites = prerequisitesOf(task, graph)
    const open = prerequisites.length === 1 ? endsWith.get(prerequisites[0]!) : undefined
    const line = open ?? []
    if (open) endsWith.delete(prerequisites[0]!)
    else lines.push(line)
    line.push(`[${label(task, signs)}${open ? '' : sources(prerequisites, signs)}]`)
    endsWith.set(task.name, line)
  }
  return [signs.head, ...lines.map(line => line.join(signs.arrow))].join('\n')
}

function label(task: PipelineTaskView, signs: Signs): string {
  return `${signs.icons[iconOf[task.state]]} ${signs.name(task.name)}`
}

function remark(task: PipelineTaskView): string {
  const icon = iconOf[task.state]
  if (icon === 'stopped') return ` (${task.state})`
  if (icon !== 'done' && icon !== 'failed') return ''
  return typeof task.seconds === 'number' ? ` (${formatDuration(task.seconds)})` : ''
}

function sources(prerequisites: readonly string[], signs: Signs): string {
  return prerequisites.length === 0 ? '' : signs.from + prerequisites.map(signs.name).join(', ')
}

function prerequisitesOf(task: PipelineTaskView, graph: Graph<string>): string[] {
  return [...new Set(task.dependsOn)].filter(name => graph.has(name))
}
