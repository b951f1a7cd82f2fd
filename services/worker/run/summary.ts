import type { ToolCall } from '../../../shared/contract/history.ts'
import { oneLine } from '../../../shared/domain/line.ts'

const CHARS = 200

/** One line that says what a call did: its command, path or pattern. */
export function summarize({ name, args }: ToolCall): string {
  const given = (args ?? {}) as Record<string, unknown>
  const target = [given.command, given.path, given.pattern, given.glob].find(value => typeof value === 'string')
  const line = oneLine(typeof target === 'string' ? target : name)
  return line.length > CHARS ? `${line.slice(0, CHARS - 1)}…` : line
}
