import type { ToolCall } from '../../../shared/contract/history.ts'
import { oneLine } from '../../../shared/domain/line.ts'

const CHARS = 200

/** One line that says what a call did: its command, path or pattern, its question, or the tasks that it was about. */
export function summarize({ name, args }: Pick<ToolCall, 'name' | 'args'>): string {
  const given = (args ?? {}) as Record<string, unknown>
  const { command, path, pattern, glob, question, prompt } = given
  const target = [command, path, pattern, glob, question, prompt, tasksOf(given)].find(isText)
  const line = oneLine(isText(target) ? target : name)
  return line.length > CHARS ? `${line.slice(0, CHARS - 1).toWellFormed()}…` : line
}

const isText = (value: unknown): value is string => typeof value === 'string' && value !== ''

function tasksOf({ tasks, remove }: Record<string, unknown>): string {
  const titles = Array.isArray(tasks) ? tasks.map(task => task?.title ?? task?.name) : []
  const removed = Array.isArray(remove) ? remove.filter(isText).map(key => `without ${key}`) : []
  return [...titles, ...removed].filter(isText).join(', ')
}
