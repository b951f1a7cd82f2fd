import { createHash } from 'node:crypto'
import { MCP_TOOL_PREFIX } from '../../../../shared/contract/custom-tool.ts'
import { LIMITS } from '../../../../shared/domain/limits.ts'

const HASH_CHARS = 6

/**
 * The name under which a tool of a server is offered: `mcp_<server>_<tool>` in letters, digits, `_` and `-`, at most 64 characters.
 * One that had to be cut, or that another tool has already, ends in a hash of the whole.
 */
export function offeredName(server: string, tool: string, taken: { has(name: string): boolean }): string {
  const name = `${MCP_TOOL_PREFIX}${server}_${tool.replace(/[^A-Za-z0-9_-]/g, '_')}`
  if (name.length <= LIMITS.mcp.toolNameChars && !taken.has(name)) return name
  const hash = createHash('sha256').update(`${server}\0${tool}`).digest('hex').slice(0, HASH_CHARS)
  return `${name.slice(0, LIMITS.mcp.toolNameChars - HASH_CHARS - 1)}_${hash}`
}
