import { MCP_TOOL_PREFIX } from '../../../../shared/contract/custom-tool.ts'
import type { ToolSpec } from '../../../../shared/contract/history.ts'
import { LIMITS } from '../../../../shared/domain/limits.ts'
import type { Claim } from '../../../../shared/runtime/task-store/types.ts'
import type { RunDeps } from '../../run/deps.ts'
import { isWellFormed } from '../json-schema.ts'
import type { ToolSource, WorkerTool } from '../types.ts'
import { offeredName } from './names.ts'
import { createMcpServer, type McpServer, type RemoteTool } from './server.ts'

const { descriptionChars, schemaBytes, tools: most, toolsPerServer } = LIMITS.mcp

/**
 * The tools of the project's MCP servers. A server that cannot be used is one tool, which says why and tries it again: so the agent
 * knows what is missing, and the run goes on. People are told in the thread.
 */
export function mcpTools({ mcp, store, log }: Pick<RunDeps, 'mcp' | 'store' | 'log'>, claim: Claim): ToolSource {
  let servers: McpServer[] = []
  let table = new Map<string, WorkerTool>()

  /**
   * Makes the table anew, with every look at it, as a server that was started again may offer others. Gives how many tools of which
   * server are in it, where those are not all.
   */
  function refresh(): Map<string, number> {
    table = new Map()
    const cut = new Map<string, number>()
    for (const server of servers) {
      if (server.problem() !== null && server.tools().length === 0) {
        const name = offeredName(server.name, 'reconnect', table)
        table.set(name, reconnecting(server, name))
      }
      const given = server.tools().slice(0, Math.max(0, Math.min(toolsPerServer, most - table.size)))
      for (const tool of given) {
        const name = offeredName(server.name, tool.name, table)
        table.set(name, calling(server, tool, name))
      }
      if (given.length < server.tools().length) cut.set(server.name, given.length)
    }
    return cut
  }

  return {
    async open({ startProcess, signal }) {
      servers = Object.entries(claim.settings.mcpServers ?? {}).map(([name, settings]) =>
        createMcpServer(name, settings, startProcess, mcp),
      )
      await Promise.all(servers.map(server => server.connect(signal)))
      for (const server of servers) {
        const problem = server.problem()
        if (problem === null) continue
        log.info({ taskId: claim.taskId, server: server.name, problem }, 'mcp.unavailable')
        await store.notice(
          claim,
          `The MCP server ${server.name} cannot be used: ${problem}. The work goes on without it.`,
        )
      }
      for (const [server, given] of refresh()) await store.notice(claim, tooMany(server, given))
    },
    specs() {
      refresh()
      return [...table.values()].map(({ spec }) => spec)
    },
    route(name) {
      const tool = name.startsWith(MCP_TOOL_PREFIX) ? table.get(name) : undefined
      return tool ? { where: 'worker', tool } : null
    },
    async close() {
      await Promise.all(servers.map(server => server.close()))
    },
  }
}

const tooMany = (server: string, given: number): string =>
  `The MCP server ${server} has more tools than the agent is given: ${given === 0 ? 'none' : `the first ${given}`} of them. Of one server it gets at most ${toolsPerServer}, of all together ${most}.`

function calling(server: McpServer, tool: RemoteTool, name: string): WorkerTool {
  return {
    spec: { name, ...described(server, tool) },
    checkpointed: server.inContainer,
    run: async (args, { signal }) => ({ kind: 'result', text: await server.call(tool.name, args, signal) }),
  }
}

function reconnecting(server: McpServer, name: string): WorkerTool {
  const description = `The MCP server ${server.name} cannot be used: ${server.problem()}. This tries it once more; if it then works, you can call its tools from your next reply on.`
  return {
    spec: { name, description, parameters: { type: 'object', properties: {}, additionalProperties: false } },
    checkpointed: server.inContainer,
    async run(_args, { signal }) {
      await server.connect(signal)
      const problem = server.problem()
      if (problem !== null)
        return { kind: 'result', text: `Error: the MCP server ${server.name} cannot be used: ${problem}` }
      return {
        kind: 'result',
        text: `The MCP server ${server.name} works: ${server
          .tools()
          .map(tool => tool.name)
          .join(', ')}`,
      }
    },
  }
}

/** What a model is offered of a tool. A schema that a provider could refuse is told in words instead. */
function described({ name: server }: McpServer, { name, description, schema }: RemoteTool): Omit<ToolSpec, 'name'> {
  const about = (description.trim() || `The tool ${name}`).slice(0, descriptionChars)
  const intro = `${about}\n(Tool of the MCP server ${server}.)`
  const text = JSON.stringify(schema)
  if (Buffer.byteLength(text) <= schemaBytes && isWellFormed(schema)) {
    const { $schema: _, ...parameters } = schema as Record<string, unknown>
    return { description: intro, parameters }
  }
  const told = `${intro}\nIts arguments, as JSON schema: ${text.slice(0, descriptionChars)}`
  return { description: told, parameters: { type: 'object', additionalProperties: true } }
}
