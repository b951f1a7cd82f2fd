import { MCP_TOOL_PREFIX } from '../../../../shared/contract/custom-tool.ts'
import { type AssistantMessage, type HistoryMessage, isInterrupted } from '../../../../shared/contract/history.ts'
import { isToolName } from '../../../../shared/contract/tools.ts'
import { StoredReply } from '../metadata.ts'
import { resultsAfter } from '../results.ts'
import { type CallStep, readProgram, type Step } from './program.ts'

/** Ids of runbook's calls begin so; by them it knows its own calls in a thread that another model shared. */
export const CALL_PREFIX = 'runbook_'

export type Done = { step: CallStep; result: string; failed: boolean }
/** How far a history has got. `done`, `said` and `remarks` are of the time since the last final message. */
export type Run = {
  /** What is left, next first. */
  queue: Step[]
  done: Done[]
  said: string[]
  /** Messages without a block. */
  remarks: string[]
  /** The step that failed, and whether a final message has told of it. */
  failed: { step: Step; reported: boolean } | null
  /** What the last final message that had something to tell was about. */
  before: { done: Done[]; said: string[] } | null
  calls: number
}

/** `canPropose`: the history is that of a thread without a task. `previous`: the assistant's message just before this one. */
type Heard = { canPropose: boolean; previous: AssistantMessage | null }

type UserMessage = Extract<HistoryMessage, { role: 'user' }>

const isFinal = (message: AssistantMessage): boolean => message.calls.length === 0

/** The last line of a text, without the blank ones behind it. */
export const lastLine = (text: string): string => text.trimEnd().split('\n').at(-1)?.trim() ?? ''

/** A tool that is a script of the project, and so ends as commands do. */
const isScript = (tool: string): boolean => !isToolName(tool) && !tool.startsWith(MCP_TOOL_PREFIX)

/** Whether a call did what it should: a command with `[exit 0, …]` in its last line, any other without `Error:`. */
export const succeeded = ({ tool }: CallStep, result: string): boolean =>
  tool === 'bash' || isScript(tool) ? /^\[exit 0[,\]]/.test(lastLine(result)) : !result.startsWith('Error:')

const isForeign = (message: AssistantMessage): boolean => {
  const stored = StoredReply.safeParse(message.providerMetadata)
  return (
    (stored.success && stored.data.provider !== 'runbook') ||
    message.calls.some(call => !call.id.startsWith(CALL_PREFIX))
  )
}

/** Moves what is to be said from the front of the queue. */
const drain = (run: Run): void => {
  for (let next = run.queue[0]; next?.type === 'say'; next = run.queue[0]) {
    run.said.push(next.text)
    run.queue.shift()
  }
}

/** In a thread without a task each request is one of its own: nothing of what came before it is left to be done. */
const beginAnew = (run: Run): void => {
  Object.assign(run, { queue: [], done: [], said: [], remarks: [], failed: null, before: null })
}

const takeUser = (run: Run, { text, notice }: UserMessage, { canPropose, previous }: Heard): void => {
  const steps = readProgram(text, canPropose)
  if (canPropose && previous && (isFinal(previous) || steps.length > 0)) beginAnew(run)
  if (steps.length === 0 && !notice) run.remarks.push(text)
  if (!run.failed) {
    run.queue.push(...steps)
    return
  }
  // After a failure: new blocks replace what was left; mere words mean that it should be tried again.
  run.queue = steps.length > 0 ? steps : [run.failed.step, ...run.queue]
  run.failed = null
}

const takeFinal = (run: Run): void => {
  drain(run)
  // It ended with something left: a step that could not be taken (wrong Markdown, a tool that was not there).
  const refused = run.failed ? undefined : run.queue.shift()
  if (refused) run.failed = { step: refused, reported: true }
  if (run.failed) run.failed.reported = true
  if (run.done.length > 0 || run.said.length > 0) run.before = { done: run.done, said: run.said }
  Object.assign(run, { done: [], said: [], remarks: [] })
}

/** Asked again after it told of a failure, with nothing new: that step is tried again, then what was left. */
const tryAgain = (run: Run): void => {
  if (!run.failed) return
  run.queue.unshift(run.failed.step)
  run.failed = null
}

const takeResult = (run: Run, step: CallStep, result: string | undefined): void => {
  if (result === undefined || isInterrupted(result)) {
    run.queue.unshift(step)
    return
  }
  const failed = !succeeded(step, result)
  run.done.push({ step, result, failed })
  if (failed) run.failed = { step, reported: false }
}

/**
 * Reads off a history what runbook has done and what is left: a pure function, so a crash at any point changes
 * nothing. A call without a result, or with the interruption notice, is done again.
 */
export const readRun = (history: readonly HistoryMessage[], canPropose: boolean): Run => {
  const run: Run = { queue: [], done: [], said: [], remarks: [], failed: null, before: null, calls: 0 }
  let previous: AssistantMessage | null = null
  for (const [at, message] of history.entries()) {
    if (message.role === 'user') {
      takeUser(run, message, { canPropose, previous })
      previous = null
    }
    if (message.role !== 'assistant') continue
    previous = message
    if (isForeign(message)) {
      // Another model has answered what was asked so far.
      Object.assign(run, { queue: [], failed: null })
      takeFinal(run)
      run.before = null
      continue
    }
    if (message.calls.length === 0) takeFinal(run)
    for (const call of message.calls) {
      run.calls++
      tryAgain(run)
      drain(run)
      const step = run.queue[0]
      if (step?.type !== 'call') continue
      run.queue.shift()
      takeResult(run, step, resultsAfter(history, at).get(call.id))
    }
  }
  if (run.failed?.reported) tryAgain(run)
  drain(run)
  return run
}
