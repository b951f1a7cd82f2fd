import type { CallToolResult } from '@ai-sdk/mcp'
import { LIMITS } from '../../../../shared/domain/limits.ts'

const { outputHeadBytes, outputTailBytes } = LIMITS.tools

/** What a call of an MCP tool came to, as the model reads it: its texts, other contents described, cut in the middle. */
export function resultText(result: CallToolResult): string {
  const content = Array.isArray(result.content) ? (result.content as Record<string, unknown>[]) : []
  const parts = content.map(partText)
  const { structuredContent } = result as { structuredContent?: unknown }
  if (parts.length === 0 && structuredContent !== undefined) parts.push(JSON.stringify(structuredContent))
  if (parts.length === 0 && 'toolResult' in result) parts.push(JSON.stringify(result.toolResult))
  const text = parts.join('\n')
  if (result.isError === true) return `Error: ${cutMiddle(text.trim() || 'the tool failed without saying why')}`
  return text.trim() === '' ? '[no output]' : cutMiddle(text)
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

/** Head and tail of a long text with a notice between, and only what can be stored. */
export function cutMiddle(text: string): string {
  const whole = storable(text)
  const bytes = Buffer.from(whole)
  if (bytes.length <= outputHeadBytes + outputTailBytes) return whole
  // A character that the cut goes through is left out.
  const head = bytes.toString('utf8', 0, outputHeadBytes).replace(/\uFFFD+$/, '')
  const tail = bytes.toString('utf8', bytes.length - outputTailBytes).replace(/^\uFFFD+/, '')
  const dropped = bytes.length - outputHeadBytes - outputTailBytes
  return `${head}\n[… ${dropped} bytes left out …]\n${tail}`
}

/** Well-formed text without NUL. */
export const storable = (text: string): string => text.toWellFormed().replaceAll('\u0000', '\uFFFD')
