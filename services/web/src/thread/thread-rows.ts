import type { Message, MessagePart } from '../../../../shared/contract/thread.ts'

type Call = Extract<MessagePart, { type: 'call' }>
type TaskPart = Extract<MessagePart, { type: 'task' }>
type RevisePart = Extract<MessagePart, { type: 'revise' }>

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
  /** The message's id. */
  key: string
  seq: number
  text: string
  createdAt: string
  /** Of a person's message: whether the agent has read it. */
  read: boolean
  /** It asked for a plan: the agent changes nothing. */
  planning: boolean
  /** Tasks that came of it. */
  tasks: { taskId: string; title: string }[]
  /** Ids of the drafts that it asks to be revised. */
  revises: string[]
}

/** What the agent asked a person, and what was answered. */
export interface QuestionRow {
  kind: 'question'
  key: string
  question: string
  options: string[]
  answer: string | null
}

export type ThreadRow = StepRow | TextRow | QuestionRow

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
    const calls = message.parts.filter((part): part is Call => part.type === 'call')
    const said = textRow(message, message.role)
    return [
      ...(said.text.trim() || said.tasks.length > 0 ? [said] : []),
      ...calls.map(call => callRow(message.id, call, results.get(call.id) ?? null)),
    ]
  })
}

/** The question that waits for an answer: the first without one, as they are answered one after the other. */
export const openQuestion = (rows: readonly ThreadRow[]): QuestionRow | null =>
  rows.find((row): row is QuestionRow => row.kind === 'question' && row.answer === null) ?? null

/** What an active task does beside what its thread shows, or null where the last row shows it itself. */
export function activityWords(rows: readonly ThreadRow[]): string | null {
  const last = rows.at(-1)
  if (!last) return 'Preparing its copy of the project'
  if (last.kind === 'question') return last.answer === null ? null : 'Reading your answer'
  if (last.kind === 'step') return last.outcome.state === 'running' ? null : 'Thinking about the next step'
  return last.kind === 'assistant' ? 'Finishing: its work is put together and checked' : 'Starting to work'
}

function textRow({ id, seq, text, createdAt, readAt, mode, parts }: Message, kind: TextRow['kind']): TextRow {
  const revise = parts.find((part): part is RevisePart => part.type === 'revise')
  return {
    kind,
    key: id,
    seq,
    text: revise?.instruction ?? text,
    createdAt,
    read: readAt !== null,
    planning: mode === 'plan',
    tasks: parts.filter((part): part is TaskPart => part.type === 'task'),
    revises: revise?.taskIds ?? [],
  }
}

function callRow(messageId: string, call: Call, answered: string | null): StepRow | QuestionRow {
  const asked = call.name === 'ask_user' && call.error === undefined ? questionOf(call.args) : null
  return asked
    ? { kind: 'question', key: `${messageId} ${call.id}`, ...asked, answer: answered && answerIn(answered) }
    : stepRow(messageId, call, answered)
}

/** What a person answered, without the words that introduce it to the model. */
const answerIn = (result: string): string => result.replace(/^The user answered:\n/, '').trim()

/** The arguments of `ask_user`, or null where they are not what it takes. */
function questionOf(args: unknown): Pick<QuestionRow, 'question' | 'options'> | null {
  const { question, options } = (args ?? {}) as { question?: unknown; options?: unknown }
  if (typeof question !== 'string') return null
  return { question, options: Array.isArray(options) ? options.filter(option => typeof option === 'string') : [] }
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
