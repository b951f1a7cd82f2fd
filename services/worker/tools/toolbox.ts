import { AGENT_TOOLS, CONTAINER_TOOLS, isToolName, toolSpecs, toolsFor } from '../../../shared/contract/tools.ts'
import type { Claim } from '../../../shared/runtime/task-store/types.ts'
import type { RunDeps } from '../run/deps.ts'
import type { Toolbox, WorkerTool } from './types.ts'
import { workerTools } from './worker-tools.ts'

/** The tools that a run has, by what it is: a task, a sub-agent, or a turn that may only read. */
export function createToolbox(deps: RunDeps, claim: Claim): Toolbox {
  const names = toolsFor({ kind: claim.kind, mode: claim.mode, consult: claim.settings.consultModel !== null })
  const offered = new Set<string>(names)
  const answered = new Map<string, WorkerTool>(
    workerTools(deps)
      .filter(({ spec }) => offered.has(spec.name))
      .map(tool => [tool.spec.name, tool]),
  )
  return {
    specs: () => toolSpecs(names.filter(name => AGENT_TOOLS[name].where === 'container' || answered.has(name))),
    route(name, args) {
      const tool = answered.get(name)
      if (tool) return { where: 'worker', tool }
      if (offered.has(name) && (CONTAINER_TOOLS as readonly string[]).includes(name)) {
        return { where: 'container', name, args }
      }
      const known = isToolName(name) ? `the tool ${name} is not available here` : `there is no tool ${name} here`
      return { where: 'nowhere', error: `Error: ${known}. Use one of those that you were given.` }
    },
  }
}
