import { parseToolArgs } from '../../../shared/contract/tools.ts'
import { LIMITS } from '../../../shared/domain/limits.ts'
import { pipelineResult } from '../../../shared/domain/pipeline-result.ts'
import { type Problem, validatePipeline } from '../../../shared/domain/pipeline-rules.ts'
import type { RunDeps } from '../run/deps.ts'
import { specOf } from './spec-of.ts'
import { runSubAgents } from './sub-agents.ts'
import type { WorkerTool } from './types.ts'

const NAME = 'parallel'

/** Runs a graph of sub-agents; what is wrong with the graph goes back to the agent, and then none was started. */
export function parallel(deps: RunDeps): WorkerTool {
  return {
    spec: specOf(NAME),
    parks: true,
    async run(given, context) {
      const parsed = parseToolArgs(NAME, given)
      if (!parsed.ok) return { kind: 'result', text: parsed.error }
      const problems = validatePipeline(parsed.args.tasks)
      if (problems.length > 0) return { kind: 'result', text: refusal(problems) }
      const tasks = parsed.args.tasks.map(({ name, prompt, depends_on: dependsOn = [] }) => ({
        name,
        prompt,
        dependsOn,
      }))
      return runSubAgents(deps, context, tasks, pipelineResult)
    },
  }
}

function refusal(problems: readonly Problem[]): string {
  const { minTasks, maxTasks, maxDepth } = LIMITS.pipeline
  const faults = problems.map(({ path, message }) => `\n- ${path}: ${message}`).join('')
  return `Error: nothing was started, as the pipeline is wrong:${faults}\nA pipeline has ${minTasks} to ${maxTasks} tasks, each with a name of its own, and at most ${maxDepth} of them on a chain of depends_on. Correct it and call again.`
}
