import type { Message, MessagePart } from '../../../../shared/contract/thread.ts'

type Call = Extract<MessagePart, { type: 'call' }>

/** One tool call with its answer, as far as there is one yet. */
export interface StepRow {
  kind: 'step'
  key: string
  name: string
  args: Record<string, unknown>
  result: string | null
  outcome: Outcome
}

export interface TextRow {
  kind: 'user' | 'assistant' | 'system'
  key: string
  seq: number
  text: string
  createdAt: string
  /** Of a person's message: whether the agent has read it. */
  read: boolean
}

export type ThreadRow = StepRow | TextRow

/** How a call ended. `note` is what its last line says, for example `exit 1` or `timed out after 10s`. */
export interface Outcome {
  state: 'running' | 'ok' | 'failed'
  exitCode: number | null
  duration: string | null
  note: string | null
}

const lastLine = /(?:^|\n)\[(exit (\d+), ([^\]\n]+)|timed out after [^\]\n]+|killed[^\]\n]*)\]\s*$/

/** How a call ended, from its result: an error starts with `Error:`, a command's output ends with its exit code. */
export function outcomeOf(result: string | null): Outcome {
  if (result === null) return { state: 'running', exitCode: null, duration: null, note: null }
  const match = lastLine.exec(result)
  if (match) {
    const exitCode = match[2] === undefined ? null : Number(match[2])
    return {
      state: exitCode === 0 ? 'ok' : 'failed',
      exitCode,
      duration: match[3] ?? null,
      note: match[1]!.split(',')[0]!,
    }
  }
  return { state: result.startsWith('Error:') ? 'failed' : 'ok', exitCode: null, duration: null, note: null }
}

/** A thread as it is shown: what was said, and between it each call together with its answer. */
export function threadRows(messages: readonly Message[]): ThreadRow[] {
  const results = new Map<string, string>()
  for (const { parts } of messages) {
    for (const part of parts) if (part.type === 'result') results.set(part.callId, part.text)
  }
  return messages.flatMap((message): ThreadRow[] => {
    if (message.role === 'tool') return []
    const { id, seq, role, text, createdAt, readAt, parts } = message
    const said: TextRow = { kind: role, key: id, seq, text, createdAt, read: readAt !== null }
    const calls = parts.filter((part): part is Call => part.type === 'call')
    return [...(text.trim() ? [said] : []), ...calls.map(call => stepRow(id, call, results.get(call.id) ?? null))]
  })
}

/** What an active task does beside what its thread shows, or null where the last row shows it itself. */
export function activityWords(rows: readonly ThreadRow[]): string | null {
  const last = rows.at(-1)
  if (!last) return 'Preparing its copy of the project'
  if (last.kind === 'step') return last.outcome.state === 'running' ? null : 'Thinking about the next step'
  return last.kind === 'assistant' ? 'Finishing: its work is put together and checked' : 'Starting to work'
}

function stepRow(messageId: string, { id, name, args, error }: Call, answered: string | null): StepRow {
  const result = answered ?? error ?? null
  return {
    kind: 'step',
    key: `${messageId} ${id}`,
    name,
    args: args !== null && typeof args === 'object' ? (args as Record<string, unknown>) : {},
    result,
    outcome: outcomeOf(result),
  }
}
