import { type MCPTransport, validateJSONRPCMessage } from '@ai-sdk/mcp'
import { LIMITS } from '../../../../shared/domain/limits.ts'
import { drainStderr } from '../../runner-link/drain-stderr.ts'
import type { SandboxProcess } from '../../sandbox/types.ts'

const { messageBytes, floodBytes, floodMessages } = LIMITS.mcp
const BRACE = '{'.charCodeAt(0)
const LAST_WORDS_BYTES = 2_000

/** The transport to one process of an MCP server. */
export interface StdioTransport extends MCPTransport {
  /** The end of what the process said on its standard error, and why its stream was cut, where it was. */
  lastWords(): string
}

/**
 * Speaks with an MCP server over the streams of a process in the container: a JSON message a line. Every byte of it is hostile: a
 * line or an answer beyond the bounds ends the process, what is no message is skipped.
 * @param onEnd hears that the process has ended, or was ended
 */
export function createStdioTransport(start: () => Promise<SandboxProcess>, onEnd: () => void): StdioTransport {
  let process: SandboxProcess | null = null
  let stderr: () => string = () => ''
  let cut = ''
  /** Bytes and lines since we last said something. */
  let heard = { bytes: 0, lines: 0 }

  async function listen({ stdout }: SandboxProcess): Promise<void> {
    let rest: Buffer[] = []
    let length = 0
    try {
      for await (const chunk of stdout as AsyncIterable<Buffer>) {
        heard.bytes += chunk.length
        if (heard.bytes > floodBytes) return fail(`it said more than ${floodBytes} bytes`)
        let at = 0
        for (let end = chunk.indexOf(10); end >= 0; end = chunk.indexOf(10, at)) {
          heard.lines++
          if (heard.lines > floodMessages) return fail(`it said more than ${floodMessages} lines`)
          take(Buffer.concat([...rest, chunk.subarray(at, end)]))
          rest = []
          length = 0
          at = end + 1
        }
        rest.push(chunk.subarray(at))
        length += chunk.length - at
        if (length > messageBytes) return fail(`it sent a message of more than ${messageBytes} bytes`)
      }
    } catch {
      // A stream that breaks is the end of the process, like any other.
    }
    end()
  }

  function end(): void {
    onEnd()
    transport.onclose?.()
  }

  function take(line: Buffer): void {
    if (line[0] !== BRACE) return
    try {
      transport.onmessage?.(validateJSONRPCMessage(JSON.parse(line.toString('utf8'))))
    } catch {
      // Servers print things that are no messages; an answer to nothing is none either.
    }
  }

  function fail(why: string): void {
    cut ||= why
    void transport.close()
    end()
  }

  const transport: StdioTransport = {
    supportsProtocolVersionDiscovery: true,
    lastWords: () => [cut, stderr().trim()].filter(Boolean).join('; '),
    async start() {
      process = await start()
      stderr = drainStderr(process.stderr, LAST_WORDS_BYTES)
      void listen(process)
    },
    async send(message) {
      if (!process || process.stdin.destroyed) throw new Error('the server is not running')
      heard = { bytes: 0, lines: 0 }
      // Not waited for: a server that does not listen must not hold up who waits for its answer.
      process.stdin.write(`${JSON.stringify(message)}\n`)
      if (process.stdin.writableLength > floodBytes) fail('it does not listen')
    },
    async close() {
      await process?.stop()
    },
  }
  return transport
}
