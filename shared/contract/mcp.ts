import { z } from 'zod'
import { LIMITS } from '../domain/limits.ts'
import { nonEmpty, text } from './common.ts'

const { mcp, project } = LIMITS

/** Stands where a secret is kept that is not shown again; sent back, it keeps it. */
export const SECRET_MASK = '********'

/** Headers that the protocol needs for itself. */
const RESERVED = new Set([
  ...['host', 'content-length', 'content-type', 'transfer-encoding', 'connection', 'keep-alive', 'upgrade', 'te'],
  ...['trailer', 'expect', 'accept', 'accept-encoding', 'proxy-connection', 'mcp-session-id', 'mcp-protocol-version'],
])

const atMost = <T extends z.ZodType<object>>(record: T, most: number) =>
  record.refine(value => Object.keys(value).length <= most, `must have at most ${most} entries`)

/** A program that is started in the task's container, and speaks over its standard input and output. */
export const StdioServer = z.strictObject({
  command: nonEmpty(mcp.valueChars),
  args: z.array(text(mcp.valueChars)).max(mcp.args).optional(),
  /** Seen by the agent, as all in its container: no place for secrets. */
  env: atMost(z.record(z.string().regex(/^[A-Za-z_][A-Za-z0-9_]{0,99}$/), text(mcp.valueChars)), mcp.env).optional(),
})
export type StdioServer = z.infer<typeof StdioServer>

const HeaderName = z
  .string()
  .regex(/^[A-Za-z0-9!#$%&'*+.^_`|~-]{1,100}$/)
  .refine(name => !RESERVED.has(name.toLowerCase()), 'is a header that the protocol sets itself')
const HeaderValue = z
  .string()
  .min(1)
  .max(mcp.valueChars)
  .regex(/^[\x20-\x7e]*$/, 'must be printable ASCII')

/** A server that the worker reaches over streamable HTTP. The values of its headers are secrets: they are never shown again. */
export const HttpServer = z.strictObject({
  url: z
    .string()
    .max(project.urlChars)
    .refine(isPlainUrl, 'must be an http or https URL without user, password and fragment'),
  headers: atMost(z.record(HeaderName, HeaderValue), mcp.headers).optional(),
})
export type HttpServer = z.infer<typeof HttpServer>

export const McpServer = z.union([StdioServer, HttpServer])
export type McpServer = z.infer<typeof McpServer>

/** The MCP servers of a project by name; a server's tools are offered as `mcp_<name>_<tool>`. */
export const McpServers = atMost(
  z.record(
    z
      .string()
      .max(mcp.serverNameChars)
      .regex(/^[a-z][a-z0-9_-]*$/, 'must be lower case letters, digits, _ and -, beginning with a letter'),
    McpServer,
  ),
  mcp.servers,
)
export type McpServers = z.infer<typeof McpServers>

function isPlainUrl(value: string): boolean {
  const url = URL.canParse(value) ? new URL(value) : null
  if (!url || (url.protocol !== 'http:' && url.protocol !== 'https:')) return false
  return url.username === '' && url.password === '' && url.hash === ''
}
