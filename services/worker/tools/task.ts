import { parseToolArgs } from '../../../shared/contract/tools.ts'
import { tellingLine } from '../../../shared/domain/line.ts'
import { subAgentResult } from '../../../shared/domain/pipeline-result.ts'
import type { RunDeps } from '../run/deps.ts'
import { specOf } from './spec-of.ts'
import { runSubAgents } from './sub-agents.ts'
import type { WorkerTool } from './types.ts'

const NAME = 'task'
const TITLE_CHARS = 80

/** Runs one sub-agent: a pipeline of a single task. */
export function task(deps: RunDeps): WorkerTool {
  return {
    spec: specOf(NAME),
    parks: true,
    async run(given, context) {
      const parsed = parseToolArgs(NAME, given)
      if (!parsed.ok) return { kind: 'result', text: parsed.error }
      const { prompt } = parsed.args
      return runSubAgents(deps, context, [{ name: titleOf(prompt), prompt, dependsOn: [] }], subAgentResult)
    },
  }
}

/** The first line of a prompt that says something, shortened. */
function titleOf(prompt: string): string {
  const title = tellingLine(prompt, 'Sub-agent')
  return title.length > TITLE_CHARS ? `${title.slice(0, TITLE_CHARS - 1).toWellFormed()}…` : title
}
