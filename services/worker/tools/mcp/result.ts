import type { CallToolResult } from '@ai-sdk/mcp'
import { cutMiddle } from '../../../../shared/domain/cut-middle.ts'
import { LIMITS } from '../../../../shared/domain/limits.ts'

/** What the work log keeps of a result; a model reads less. */
const KEPT = { headBytes: LIMITS.mcp.resultBytes / 2, tailBytes: LIMITS.mcp.resultBytes / 2 }

/** What a call of an MCP tool came to, as the model reads it: its texts, other contents described, cut in the middle. */
export function resultText(result: CallToolResult): string {
  const content = Array.isArray(result.content) ? (result.content as Record<string, unknown>[]) : []
  const parts = content.map(partText)
  const { structuredContent } = result as { structuredContent?: unknown }
  if (parts.length === 0 && structuredContent !== undefined) parts.push(JSON.stringify(structuredContent))
  if (parts.length === 0 && 'toolResult' in result) parts.push(JSON.stringify(result.toolResult))
  const text = cutMiddle(storable(parts.join('\n')), KEPT)
  if (result.isError === true) return `Error: ${text.trim() || 'the tool failed without saying why'}`
  return text.trim() === '' ? '[no output]' : text
}

function partText(part: Record<string, unknown>): string {
  switch (part.type) {
    case 'text':
      return String(part.text)
    case 'image':
    case 'audio':
      return `[${part.type}, ${shown(part.mimeType)}, ${decodedBytes(part.data)} bytes, which cannot be shown here]`
    case 'resource':
      return resourceText((part.resource ?? {}) as Record<string, unknown>)
    case 'resource_link':
      return `[link to ${shown(part.name)}: ${shown(part.uri)}]`
    default:
      return `[content of type ${shown(part.type)}, which cannot be shown here]`
  }
}

function resourceText({ uri, mimeType, text, blob }: Record<string, unknown>): string {
  const name = `resource ${shown(uri)}`
  if (typeof text === 'string') return `[${name}]\n${text}`
  return `[${name}, ${shown(mimeType)}, ${decodedBytes(blob)} bytes, which cannot be shown here]`
}

const shown = (value: unknown): string => (typeof value === 'string' ? value.slice(0, 500) : 'unknown')

const decodedBytes = (base64: unknown): number => (typeof base64 === 'string' ? Math.floor((base64.length * 3) / 4) : 0)

/** Well-formed text without NUL. */
export const storable = (text: string): string => text.toWellFormed().replaceAll('\u0000', '\uFFFD')
