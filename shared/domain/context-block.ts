import { formatDuration } from './duration.ts'
import { LIMITS } from './limits.ts'
import { oneLine } from './line.ts'
import { truncateUtf8, utf8Length } from './utf8.ts'

const YOUR_TASK = '[Your task]'

/** What a dependant gets to know of one finished prerequisite. */
export interface FinishedPrerequisite {
  /** Title of a board task, name of a pipeline task. */
  title: string
  /** Seconds that it was active. */
  seconds: number
  /** Its agent's final message. */
  output: string
}

/**
 * The first message of a task: one block for each direct prerequisite in the order of `dependsOn`, blank lines
 * between, then `[Your task]` and the task's own text. A task without prerequisites gets its text alone.
 *
 * An output is cut by `cutOutput`. A line in it that reads `[Your task]` is moved in by a space, so that the first such
 * line of the whole is always the true one.
 */
export function contextBlock(prerequisites: readonly FinishedPrerequisite[], task: string): string {
  if (prerequisites.length === 0) return task
  return [...prerequisites.map(block), `${YOUR_TASK}\n${task}`].join('\n\n')
}

/** The task's own text in a message made by `contextBlock`: what stands after its first line `[Your task]`, else all. */
export function taskText(message: string): string {
  const line = /^\[Your task\]\r?(?:\n|$)/m.exec(message)
  return line ? message.slice(line.index + line[0].length) : message
}

/**
 * A task's output within `maxBytes` of UTF-8 (50 KB). A longer one is cut, never inside a code point, and ends with a
 * notice that says so; notice and all it stays within the limit.
 */
export function cutOutput(output: string, maxBytes: number = LIMITS.task.outputBytes): string {
  const bytes = utf8Length(output)
  if (bytes <= maxBytes) return output
  const notice = `\n[Output cut at ${sizeName(maxBytes)}: it had ${bytes} bytes]`
  return truncateUtf8(output, maxBytes - notice.length) + notice
}

function block({ title, seconds, output }: FinishedPrerequisite): string {
  const head = `[Context from completed task "${oneLine(title)}" (${formatDuration(seconds)})]`
  const body = cutOutput(output)
    .trimEnd()
    .replace(/^\[Your task\](?=\r?$)/gm, ` ${YOUR_TASK}`)
  return body === '' ? head : `${head}\n${body}`
}

function sizeName(bytes: number): string {
  return bytes % 1024 === 0 ? `${bytes / 1024} KB` : `${bytes} bytes`
}
