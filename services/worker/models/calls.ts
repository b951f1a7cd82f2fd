import type { ToolCall, ToolSpec } from '../../../shared/contract/history.ts'
import { LIMITS } from '../../../shared/domain/limits.ts'

/** A call as it came off the wire. `invalid` has the parser's words where the arguments are no JSON. */
export type RawCall = { id: string; name: string; input: unknown; invalid?: string | undefined }

const MAX_DEPTH = 64
const SHOWN_CHARS = 200

/** What makes a JSON value impossible to store or to send back, or null. Walks without recursion: it may be deep. */
const unusable = (value: unknown): string | null => {
  const queue: { value: unknown; depth: number }[] = [{ value, depth: 0 }]
  for (let next = queue.pop(); next; next = queue.pop()) {
    const { value: item, depth } = next
    if (depth > MAX_DEPTH) return `are nested more than ${MAX_DEPTH} levels deep`
    if (typeof item === 'string') {
      if (item.includes('\0')) return 'contain a NUL character: write binary content with bash instead'
      if (!item.isWellFormed()) return 'contain half of a surrogate pair, which is no valid text'
    } else if (typeof item === 'object' && item !== null) {
      for (const [key, child] of Object.entries(item)) {
        queue.push({ value: key, depth }, { value: child, depth: depth + 1 })
      }
    }
  }
  return null
}

const shown = (input: unknown): string => {
  const text = typeof input === 'string' ? input : (JSON.stringify(input) ?? '')
  const printable = text.slice(0, SHOWN_CHARS).toWellFormed().replaceAll('\0', '\\u0000')
  return text.length > SHOWN_CHARS ? `${printable}…` : printable
}

/** Why a call cannot be carried out, worded for the model that made it, or null. */
const fault = (call: RawCall, tools: readonly ToolSpec[]): string | null => {
  if (!tools.some(tool => tool.name === call.name)) {
    const names = tools.map(tool => tool.name).join(', ')
    return `there is no tool named "${shown(call.name)}". ${names ? `The tools are: ${names}.` : 'There are no tools.'}`
  }
  const again = `Call ${call.name} again with one JSON object as its schema says.`
  if (call.invalid !== undefined) {
    return `the arguments of ${call.name} are not valid JSON (${shown(call.invalid)}). ${again} They began: ${shown(call.input)}`
  }
  if (typeof call.input !== 'object' || call.input === null || Array.isArray(call.input)) {
    return `the arguments of ${call.name} must be a JSON object. ${again} They were: ${shown(call.input)}`
  }
  const reason = unusable(call.input)
  if (reason) return `the arguments of ${call.name} ${reason}. ${again}`
  if (Buffer.byteLength(JSON.stringify(call.input)) > LIMITS.tools.argumentBytes) {
    return `the arguments of ${call.name} are larger than ${LIMITS.tools.argumentBytes} bytes. Do it in smaller steps.`
  }
  return null
}

/** A tool name as it may be stored: bounded, without NUL or half characters. */
const storableName = (name: string): string => name.slice(0, SHOWN_CHARS).toWellFormed().replaceAll('\0', '')

/** An id that no call of the thread has: some providers number calls anew in every reply, some leave the id out. */
const uniqueId = (id: string, taken: ReadonlySet<string>): string => {
  const base =
    id
      .toWellFormed()
      .replace(/[^\x21-\x7e]/g, '_')
      .slice(0, 128) || 'call'
  if (id !== '' && !taken.has(base)) return base
  for (let n = 1; ; n++) {
    const candidate = `${base.slice(0, 56)}_${n}`
    if (!taken.has(candidate)) return candidate
  }
}

/**
 * Calls that can be stored, answered and sent back, in order. A malformed call (unknown tool, broken or unusable
 * arguments) has no `args` but an `error`, which is its result; a missing or used id is replaced. Never throws.
 * `taken`: the ids of the thread so far.
 */
export const readCalls = (
  raw: readonly RawCall[],
  tools: readonly ToolSpec[],
  taken: ReadonlySet<string>,
): ToolCall[] => {
  const used = new Set(taken)
  return raw.map(call => {
    const id = uniqueId(call.id, used)
    used.add(id)
    const reason = fault(call, tools)
    const name = storableName(call.name)
    return reason === null ? { id, name, args: call.input } : { id, name, error: `Error: ${reason}` }
  })
}
