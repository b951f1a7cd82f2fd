import { createMCPClient, type ListToolsResult, type MCPClient, MCPClientError } from '@ai-sdk/mcp'
import type { McpServer as McpServerSettings } from '../../../../shared/contract/mcp.ts'
import { LIMITS } from '../../../../shared/domain/limits.ts'
import type { StartProcess } from '../../sandbox/types.ts'
import { createGuardedFetch, type GuardDeps } from './guarded-fetch.ts'
import { resultText, storable } from './result.ts'
import { createSecretFilter } from './secrets.ts'
import { createStdioTransport, type StdioTransport } from './stdio-transport.ts'

/** Times that tests make shorter. */
export interface McpTimes {
  connectMs: number
  callMs: number
}

export interface McpDeps extends GuardDeps {
  times?: Partial<McpTimes>
}

/** A tool as its server describes it. */
export interface RemoteTool {
  name: string
  description: string
  schema: unknown
}

/** One MCP server of a project during one run. Whatever it does comes back as text; nothing of it throws but an aborted signal. */
export interface McpServer {
  name: string
  /** Whether it runs in the container, so that what it does is in the checkpoint. */
  inContainer: boolean
  /** What it offered when it last said so. */
  tools(): readonly RemoteTool[]
  /** Why it cannot be used, in words; null while it can. */
  problem(): string | null
  /** Connects and has the tools named. */
  connect(signal: AbortSignal): Promise<void>
  call(tool: string, args: unknown, signal: AbortSignal): Promise<string>
  close(): Promise<void>
}

const { toolsPerServer, restarts } = LIMITS.mcp
const PAGES = 10
const CLOSE_MS = 2_000
const REASON_CHARS = 500

interface Connection {
  client: MCPClient
  /** Null for a server that is somewhere else. */
  process: StdioTransport | null
  ended(): boolean
}

export function createMcpServer(
  name: string,
  settings: McpServerSettings,
  startProcess: StartProcess,
  { times, ...guard }: McpDeps,
): McpServer {
  const { connectMs, callMs }: McpTimes = { ...LIMITS.mcp, ...times }
  const clean = createSecretFilter('url' in settings ? Object.values(settings.headers ?? {}) : [])
  const inContainer = !('url' in settings)
  let connection: Connection | null = null
  let tools: readonly RemoteTool[] = []
  let problem: string | null = 'it was not asked yet'
  let starts = 0

  /** The words of a failure, with what the process said last, without secrets. */
  function reason(error: unknown, lastWords = ''): string {
    const text = [messageOf(error), lastWords].filter(Boolean).join(': ')
    return clean(storable(text)).trim().slice(0, REASON_CHARS)
  }

  async function open(signal: AbortSignal): Promise<Connection> {
    let ended = false
    const onEnd = () => {
      ended = true
    }
    const started = AbortSignal.any([signal, AbortSignal.timeout(connectMs)])
    const process =
      'url' in settings ? null : createStdioTransport(() => startProcess(processOf(settings), started), onEnd)
    const transport = 'url' in settings ? httpTransport(settings, guard) : process!
    try {
      const initializationOptions = { signal: started }
      const client = await createMCPClient({ transport, clientName: 'slipway', initializationOptions })
      return { client, process, ended: () => ended }
    } catch (error) {
      await process?.close()
      throw new Error(started.aborted ? late(connectMs) : reason(error, process?.lastWords()))
    }
  }

  async function connect(signal: AbortSignal): Promise<void> {
    starts++
    let opened: Connection | null = null
    try {
      opened = await open(signal)
      tools = await listTools(opened.client, AbortSignal.any([signal, AbortSignal.timeout(connectMs)]), clean)
      connection = opened
      problem = null
    } catch (error) {
      signal.throwIfAborted()
      problem = reason(error, opened?.process?.lastWords())
      if (opened) await closed(opened)
    }
  }

  async function drop(): Promise<void> {
    const last = connection
    connection = null
    if (last) await closed(last)
  }

  async function reconnect(signal: AbortSignal): Promise<void> {
    await drop()
    if (inContainer && starts > restarts) problem = `it ended ${starts} times in this run, and is not started again`
    else await connect(signal)
  }

  return {
    name,
    inContainer,
    tools: () => tools,
    problem: () => problem,
    connect: reconnect,

    async call(tool, args, signal) {
      if (!connection || connection.ended()) await reconnect(signal)
      if (!connection) return `Error: the MCP server ${name} cannot be used: ${problem}`
      const { client, process, ended } = connection
      const deadline = AbortSignal.timeout(callMs)
      try {
        const options = { signal: AbortSignal.any([signal, deadline]) }
        const result = await client.callTool({
          name: tool,
          arguments: (args ?? {}) as Record<string, unknown>,
          options,
        })
        return clean(resultText(result))
      } catch (error) {
        signal.throwIfAborted()
        if (deadline.aborted) {
          // It may be at work on this call for good.
          await drop()
          return `Error: the MCP server ${name} did not answer within ${callMs / 1_000} s. What came of the call is unknown.`
        }
        // An error that the server itself put into words; all else is one of the way to it.
        if (!ended() && MCPClientError.isInstance(error) && error.code !== undefined) {
          return `Error: the MCP server ${name} refused the call: ${reason(error)}`
        }
        await drop()
        const why = reason(error, process?.lastWords())
        return `Error: the MCP server ${name} failed: ${why}. What came of the call is unknown. The next call connects to it anew.`
      }
    },

    close: drop,
  }
}

const httpTransport = (settings: Extract<McpServerSettings, { url: string }>, guard: GuardDeps) => ({
  type: 'http' as const,
  url: settings.url,
  headers: settings.headers ?? {},
  redirect: 'error' as const,
  fetch: createGuardedFetch(guard),
})

const processOf = ({ command, args = [], env = {} }: Extract<McpServerSettings, { command: string }>) => ({
  command,
  args,
  env,
})

async function listTools(
  client: MCPClient,
  signal: AbortSignal,
  clean: (text: string) => string,
): Promise<RemoteTool[]> {
  const found: RemoteTool[] = []
  let cursor: string | undefined
  // More than are given to an agent are read only to know that there are more.
  for (let page = 0; page < PAGES && found.length <= toolsPerServer; page++) {
    const listed: ListToolsResult = await client.listTools({
      ...(cursor !== undefined && { params: { cursor } }),
      options: { signal },
    })
    for (const { name, description = '', inputSchema } of listed.tools) {
      const schema: unknown = JSON.parse(clean(JSON.stringify(inputSchema)))
      found.push({ name: clean(storable(name)), description: clean(storable(description)), schema })
    }
    cursor = listed.nextCursor
    if (cursor === undefined) break
  }
  return found
}

/** A server that does not let itself be closed is left alone. */
async function closed({ client, process }: Connection): Promise<void> {
  let timer: NodeJS.Timeout | undefined
  const patience = new Promise<void>(resolve => {
    timer = setTimeout(resolve, CLOSE_MS)
  })
  await Promise.race([client.close().catch(() => {}), patience])
  clearTimeout(timer)
  await process?.close()
}

const late = (ms: number): string => `it did not answer within ${ms / 1_000} s`

/** With the cause, where the message alone says nothing. */
function messageOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error)
  const cause =
    error.cause instanceof Error && !error.message.includes(error.cause.message) ? `: ${error.cause.message}` : ''
  return `${error.message}${cause}`
}
