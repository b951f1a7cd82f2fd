import { cutOutput } from './context-block.ts'
import { formatDuration } from './duration.ts'
import { oneLine } from './line.ts'
import { type PipelineTaskView, renderPipeline } from './pipeline-view.ts'

/** A task of a pipeline that has ended. */
export interface EndedTask extends PipelineTaskView {
  output: string | null
  /** Why it has failed, was cancelled or skipped. */
  failure: string | null
}

/** A task whose changes do not fit to what was there before them, and the files in which they do not. */
export interface Clash {
  name: string
  files: readonly string[]
}

export interface EndedPipeline {
  state: 'done' | 'failed' | 'cancelled'
  tasks: readonly EndedTask[]
  /** Names of the tasks whose changes were merged, in that order. */
  merged: readonly string[]
  clashes: readonly Clash[]
}

/**
 * What the agent that called `parallel` is told: the picture, a block for each task, and what was merged. Begins with `Error:` where
 * something is left to be done about it: the pipeline stopped, or conflicts wait to be settled.
 */
export function pipelineResult(pipeline: EndedPipeline): string {
  const { tasks, merged } = pipeline
  return join([...problems(pipeline), renderPipeline(tasks), ...tasks.map(taskBlock), mergeNote(merged)])
}

/** What a stopped pipeline leaves its caller to do. */
export const TRY_AGAIN = 'Report that, or call parallel again with what is left to do.'

/** What the agent that called `task` is told: the output of its one sub-agent, or why there is none. */
export function subAgentResult(pipeline: EndedPipeline): string {
  const { state, tasks } = pipeline
  if (state === 'done') return join([...problems(pipeline), cutOutput(tasks[0]?.output ?? '')])
  return join([`Error: the sub-agent ${state === 'failed' ? 'failed' : 'was cancelled'}.`, tasks[0]?.failure ?? ''])
}

/** Tells how git leaves files that two sides changed, so that the agent knows what to look for. */
export function clashNote(clashes: readonly Clash[]): string {
  const each = clashes.map(({ name, files }) => `- ${quote(name)}: ${files.map(oneLine).join(', ')}`)
  return `The changes of these tasks conflict with what was there before them:\n${each.join('\n')}\nWhere both sides changed the same lines of a text, git's conflict markers (<<<<<<<, =======, >>>>>>>) stand in these files; of anything else one side's version does. Settle them before you go on.`
}

function problems({ state, tasks, clashes }: EndedPipeline): string[] {
  const texts = [
    ...(state === 'done' ? [] : [stopNote(state, tasks)]),
    ...(clashes.length === 0 ? [] : [clashNote(clashes)]),
  ]
  return texts.map((text, index) => (index === 0 ? `Error: ${text}` : text))
}

function stopNote(state: 'failed' | 'cancelled', tasks: readonly EndedTask[]): string {
  const failed = tasks.filter(task => task.state === 'failed').map(({ name }) => quote(name))
  const why = state === 'failed' && failed.length > 0 ? `${failed.join(', ')} failed` : 'it was cancelled'
  return `The pipeline stopped, as ${why}. ${TRY_AGAIN}`
}

function taskBlock({ name, state, seconds, output, failure }: EndedTask): string {
  const who = `task ${quote(name)}`
  const time = formatDuration(seconds ?? 0)
  if (state === 'done') return block(`Output of ${who} (${time})`, cutOutput(output ?? '').trimEnd())
  if (state === 'failed') return block(`Failure of ${who} (${time})`, failure)
  return block(`No output of ${who} (${state})`, failure)
}

const block = (head: string, body: string | null): string => (body ? `[${head}]\n${body}` : `[${head}]`)

function mergeNote(merged: readonly string[]): string {
  if (merged.length === 0) return 'There were no changes to merge into your work tree.'
  return `Merged into your work tree, in this order: ${merged.map(quote).join(', ')}.`
}

const join = (texts: readonly string[]): string => texts.filter(text => text !== '').join('\n\n')
const quote = (name: string): string => `"${oneLine(name)}"`
