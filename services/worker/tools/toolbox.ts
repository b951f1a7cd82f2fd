import {
  AGENT_TOOLS,
  CONTAINER_TOOLS,
  isToolName,
  onlyReads,
  toolSpecs,
  toolsFor,
} from '../../../shared/contract/tools.ts'
import type { Claim } from '../../../shared/runtime/task-store/types.ts'
import type { RunDeps } from '../run/deps.ts'
import { createCatalogue } from './custom/catalogue.ts'
import { projectTools } from './custom/source.ts'
import { customToolTools } from './custom/tools.ts'
import { mcpTools } from './mcp/source.ts'
import type { Route, Toolbox, ToolSource, WorkerTool } from './types.ts'
import { workerTools } from './worker-tools.ts'

/**
 * The tools that a run has, by what it is: a task, a sub-agent, or a turn that may only read; and, but for the last, those of the
 * project itself and of its MCP servers.
 */
export function createToolbox(deps: RunDeps, claim: Claim): Toolbox {
  const names = toolsFor({ kind: claim.kind, mode: claim.mode, consult: claim.settings.consultModel !== null })
  const offered = new Set<string>(names)
  const catalogue = createCatalogue()
  const answered = new Map<string, WorkerTool>(
    [...workerTools(deps), ...customToolTools(catalogue)]
      .filter(({ spec }) => offered.has(spec.name))
      .map(tool => [tool.spec.name, tool]),
  )
  const sources: ToolSource[] = onlyReads(claim) ? [] : [projectTools(catalogue), mcpTools(deps, claim)]
  let opened = sources.length === 0

  function builtIn(name: string, args: unknown): Route | null {
    const tool = answered.get(name)
    if (tool) return { where: 'worker', tool }
    const inContainer = offered.has(name) && (CONTAINER_TOOLS as readonly string[]).includes(name)
    return inContainer ? { where: 'container', name, args } : null
  }

  function fromSources(name: string, args: unknown): Route | null {
    for (const source of sources) {
      const route = source.route(name, args)
      if (route) return route
    }
    // A call of a lost run, which nobody carries out before the container is there: it is answered as interrupted.
    return opened ? null : { where: 'container', name, args }
  }

  return {
    specs: () => [
      ...toolSpecs(names.filter(name => AGENT_TOOLS[name].where === 'container' || answered.has(name))),
      ...sources.flatMap(source => source.specs()),
    ],
    route(name, args) {
      const route = builtIn(name, args) ?? (isToolName(name) ? null : fromSources(name, args))
      if (route) return route
      const known = isToolName(name) ? `the tool ${name} is not available here` : `there is no tool ${name} here`
      return { where: 'nowhere', error: `Error: ${known}. Use one of those that you were given.` }
    },
    async open(place) {
      for (const source of sources) await source.open(place)
      opened = true
    },
    async close() {
      await Promise.all(sources.map(source => source.close?.()))
    },
  }
}
