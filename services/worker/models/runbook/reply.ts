import type { HistoryMessage, ModelReply, ToolSpec } from '../../../../shared/contract/history.ts'
import { failureText, finalText } from './report.ts'
import { CALL_PREFIX, readRun } from './run.ts'

/** The one model of the provider `runbook`. */
export const RUNBOOK_MODEL = 'default'

type Answer = Pick<ModelReply, 'text' | 'calls' | 'failure'>

const answer = (history: readonly HistoryMessage[], tools: readonly ToolSpec[]): Answer => {
  const offered = new Set(tools.map(tool => tool.name))
  const run = readRun(history, offered.has('propose_tasks'))
  const next = run.queue[0]
  if (run.failed) {
    const failure = run.done.findLast(each => each.failed)
    return { text: finalText(run), calls: [], failure: { message: failure ? failureText(failure) : 'A step failed.' } }
  }
  if (next?.type === 'invalid') return { text: next.message, calls: [], failure: { message: next.message } }
  if (next?.type === 'call') {
    if (!offered.has(next.tool)) {
      const planning = offered.has('propose_tasks') && !offered.has('bash')
      const where = planning ? 'while it is only planned: say it again in build mode, or as the plan of a task' : 'here'
      const message = `\`${next.label}\` needs the tool ${next.tool}, which is not available ${where}.`
      return { text: message, calls: [], failure: { message } }
    }
    return { text: '', calls: [{ id: `${CALL_PREFIX}${run.calls + 1}`, name: next.tool, args: next.args }] }
  }
  return { text: finalText(run), calls: [] }
}

/**
 * The built-in model: follows the Markdown of the user's messages through the tools, one call a reply, and sums up at
 * the end. A pure function of its arguments; costs no tokens.
 */
export const runbookReply = (request: {
  history: readonly HistoryMessage[]
  tools: readonly ToolSpec[]
}): ModelReply => ({
  ...answer(request.history, request.tools),
  usage: { inputTokens: 0, outputTokens: 0 },
  providerMetadata: { provider: 'runbook', parts: [] },
})
